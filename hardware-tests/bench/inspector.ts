/** The inspector of a running Node process. SIGUSR1 opens it on the loopback address. */
import { WebSocket } from 'ws';
import { eventually } from '../../machinery/testing/eventually.ts';

const inspectorUrl = 'http://127.0.0.1:9229/json/list';

/** The inspector is closed again when the work is done; a moment later, so that it is not to be opened again at once. */
export async function withInspector<T>(pid: number, work: (inspector: Inspector) => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGUSR1');
  const inspector = await Inspector.open();
  try {
    return await work(inspector);
  } finally {
    await inspector.call('Runtime.evaluate', { expression: 'void setImmediate(() => process._debugEnd())' });
    inspector.close();
  }
}

export class Inspector {
  private next = 0;
  private readonly waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  private readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      const { id, result } = JSON.parse(data.toString()) as { id?: number; result?: unknown };
      if (id === undefined) return;
      this.waiting.get(id)?.resolve(result);
      this.waiting.delete(id);
    });
    socket.on('close', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the inspector closed'));
      this.waiting.clear();
    });
  }

  static async open(): Promise<Inspector> {
    const url = await eventually(async () => {
      const targets = await (await fetch(inspectorUrl)).json() as { webSocketDebuggerUrl: string }[];
      return targets[0]!.webSocketDebuggerUrl;
    }, { timeoutMs: 5_000 });
    const socket = new WebSocket(url, { maxPayload: 256 * 1024 * 1024 });
    await new Promise<void>((resolve, reject) => socket.once('open', () => resolve()).once('error', reject));
    return new Inspector(socket);
  }

  call(method: string, params: object = {}): Promise<unknown> {
    this.next += 1;
    const id = this.next;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Bytes of the JavaScript objects that are alive. */
  async heapUsed(): Promise<number> {
    // What only finalizers hold goes with the second.
    for (let turn = 0; turn < 2; turn++) await this.call('HeapProfiler.collectGarbage');
    const { usedSize } = await this.call('Runtime.getHeapUsage') as { usedSize: number };
    return usedSize;
  }

  close(): void {
    this.socket.terminate();
  }
}
