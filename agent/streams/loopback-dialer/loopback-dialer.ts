/** Connections to 127.0.0.1 of pods, each dialed by a small process in the pod's network namespace (main.ts). */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../machinery/clock.ts';
import { dialError } from '../port-stream.ts';
import { StreamOpenError } from '../stream-error.ts';

/** From the agent to the process. */
export interface DialQuestion {
  id: number;
  port: number;
}

/** From the process to the agent; with the connection where there is one. */
export type DialAnswer = { ready: true } | { id: number; error?: { code: string; message: string } };

export interface LoopbackDialerOptions {
  /** The process' JavaScript. */
  program: string;
  /** The pid of the sandbox's first process. @throws where it does not run. */
  processOf: (sandboxId: string) => Promise<number>;
  clock: Pick<Clock, 'after'>;
}

/** Each is a Node process of about 6 MB of its own. */
const maximumHelpers = 4;
const idleMs = 30_000;
const startTimeoutMs = 10_000;
const maximumComplaint = 1000;
/** Where administrators' tools are: not every PATH has them. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * INVARIANTS: one process a sandbox, started with its first connection and ended `idleMs` after its last dial; at most
 * maximumHelpers at once, others wait until one has nothing to dial; none outlives the agent or `stop()`. Connections live
 * on without the process that dialed them.
 */
export class LoopbackDialer {
  private readonly options: LoopbackDialerOptions;
  private readonly helpers = new Map<string, Helper>();
  private readonly waiting: (() => void)[] = [];
  private stopped = false;

  constructor(options: LoopbackDialerOptions) {
    this.options = options;
  }

  /** @throws StreamOpenError 500, in the words of Go's net where the port is not open. */
  async dial(sandboxId: string, port: number): Promise<Socket> {
    for (;;) {
      if (this.stopped) throw new StreamOpenError(500, 'the agent is stopping');
      const helper = this.helperOf(sandboxId);
      if (helper) return helper.dial(port).finally(() => this.waiting.shift()?.());
      await new Promise<void>((resolve) => { this.waiting.push(resolve); });
    }
  }

  stop(): void {
    this.stopped = true;
    for (const helper of this.helpers.values()) helper.end();
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** @returns undefined while there is no room for one more. */
  private helperOf(sandboxId: string): Helper | undefined {
    const known = this.helpers.get(sandboxId);
    if (known) return known;
    if (!this.makeRoom()) return undefined;
    const helper = new Helper(sandboxId, this.options, () => {
      if (this.helpers.get(sandboxId) === helper) this.helpers.delete(sandboxId);
      this.waiting.shift()?.();
    });
    this.helpers.set(sandboxId, helper);
    return helper;
  }

  /** @returns whether one more may be started. */
  private makeRoom(): boolean {
    if (this.helpers.size < maximumHelpers) return true;
    for (const helper of this.helpers.values()) {
      if (!helper.idle) continue;
      helper.end();
      return true;
    }
    return false;
  }
}

interface Pending {
  port: number;
  resolve: (socket: Socket) => void;
  reject: (error: Error) => void;
}

class Helper {
  private readonly sandboxId: string;
  private readonly options: LoopbackDialerOptions;
  private readonly onEnd: () => void;
  private readonly pending = new Map<number, Pending>();
  private readonly started: Promise<ChildProcess>;
  private child: ChildProcess | undefined;
  private timer: Timer | undefined;
  private nextId = 0;
  private ended = false;
  private dialing = 0;

  constructor(sandboxId: string, options: LoopbackDialerOptions, onEnd: () => void) {
    this.sandboxId = sandboxId;
    this.options = options;
    this.onEnd = onEnd;
    this.started = this.start();
    this.started.catch(() => this.end());
  }

  get idle(): boolean {
    return this.dialing === 0;
  }

  async dial(port: number): Promise<Socket> {
    this.timer?.cancel();
    this.dialing++;
    try {
      const child = await this.started;
      return await this.ask(child, port);
    } finally {
      this.dialing--;
      if (this.idle && !this.ended) this.timer = this.options.clock.after(idleMs, () => this.end());
    }
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.timer?.cancel();
    this.child?.kill('SIGKILL');
    for (const { reject } of this.pending.values()) reject(new StreamOpenError(500, 'the connection to the pod\'s network namespace has ended'));
    this.pending.clear();
    this.onEnd();
  }

  private ask(child: ChildProcess, port: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(new StreamOpenError(500, 'the connection to the pod\'s network namespace has ended'));
        return;
      }
      const id = this.nextId++;
      this.pending.set(id, { port, resolve, reject });
      child.send({ id, port } satisfies DialQuestion, (error) => { if (error) this.end(); });
    });
  }

  private async start(): Promise<ChildProcess> {
    const pid = await this.options.processOf(this.sandboxId);
    const child = await this.enter(pid);
    // Its number could have become that of another process before the namespace was entered.
    if (await this.options.processOf(this.sandboxId) !== pid) throw new StreamOpenError(500, 'the sandbox of the pod has changed');
    return child;
  }

  private enter(pid: number): Promise<ChildProcess> {
    return new Promise((resolve, reject) => {
      const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, '--', process.execPath, this.options.program], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { PATH: path, LC_ALL: 'C' },
      });
      this.child = child;
      if (this.ended) child.kill('SIGKILL');
      let complaint = '';
      const timer = this.options.clock.after(startTimeoutMs, () => child.kill('SIGKILL'));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(0, maximumComplaint); });
      child.once('error', (error: NodeJS.ErrnoException) => {
        timer.cancel();
        const why = error.code === 'ENOENT' ? 'nsenter, which enters the network of pods, is not installed on the node (package util-linux)' : error.message;
        reject(new StreamOpenError(500, why, { cause: error }));
        this.end();
      });
      child.once('close', () => {
        timer.cancel();
        reject(new StreamOpenError(500, `cannot enter the network namespace of the pod: ${complaint.trim() || 'the helper process has ended'}`));
        this.end();
      });
      child.on('message', (message, handle) => {
        const answer = message as DialAnswer;
        if ('ready' in answer) {
          timer.cancel();
          resolve(child);
        } else {
          this.settle(answer, handle as Socket | undefined);
        }
      });
    });
  }

  private settle({ id, error }: Exclude<DialAnswer, { ready: true }>, socket: Socket | undefined): void {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    if (error) {
      pending?.reject(dialError('tcp4', '127.0.0.1', pending.port, Object.assign(new Error(error.message), { code: error.code })));
    } else if (!socket) {
      pending?.reject(new StreamOpenError(500, 'the connection ended before it could be used'));
    } else if (pending) {
      socket.allowHalfOpen = true;
      pending.resolve(socket);
    } else {
      socket.destroy();
    }
  }
}
