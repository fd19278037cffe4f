/** Where a running Node process spends its time, asked over its inspector (SIGUSR1 opens it on the loopback address). */
import { WebSocket } from 'ws';
import { eventually } from '../../machinery/testing/eventually.ts';

/** The part of the inspector's profile that is read here. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds between samples. */
  timeDeltas: number[];
}

const inspectorUrl = 'http://127.0.0.1:9229/json/list';

/** Profiles the process while `work` runs. Its inspector is closed again. */
export async function profileWhile<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; profile: CpuProfile }> {
  process.kill(pid, 'SIGUSR1');
  const inspector = await Inspector.open();
  try {
    await inspector.call('Profiler.enable');
    await inspector.call('Profiler.setSamplingInterval', { interval: 500 });
    await inspector.call('Profiler.start');
    const result = await work();
    const { profile } = await inspector.call('Profiler.stop') as { profile: CpuProfile };
    return { result, profile };
  } finally {
    await inspector.call('Runtime.evaluate', { expression: 'void setImmediate(() => process._debugEnd())' });
    inspector.close();
  }
}

/** The functions with the most time of their own, in percent of the time that was spent at all. */
export function hottest(profile: CpuProfile, count: number): { name: string; percent: number }[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map<string, number>();
  let busy = 0;
  profile.samples.forEach((id, index) => {
    const frame = nodes.get(id);
    if (!frame || frame.functionName === '(idle)') return;
    const delta = profile.timeDeltas[index] ?? 0;
    const place = frame.url ? ` ${frame.url.split('/').slice(-1)[0]}:${frame.lineNumber + 1}` : '';
    const name = `${frame.functionName || '(anonymous)'}${place}`;
    busy += delta;
    times.set(name, (times.get(name) ?? 0) + delta);
  });
  return [...times].sort(([, one], [, other]) => other - one).slice(0, count).map(([name, time]) => ({ name, percent: (time / busy) * 100 }));
}

class Inspector {
  private next = 0;
  private readonly waiting = new Map<number, (result: unknown) => void>();
  private readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      const { id, result } = JSON.parse(data.toString()) as { id?: number; result?: unknown };
      if (id === undefined) return;
      this.waiting.get(id)?.(result);
      this.waiting.delete(id);
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
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.socket.terminate();
  }
}
