/**
 * Keeps child processes running: starts them, waits until they say they are ready, starts them again with back-off when
 * they end, and ends them in reverse order. They have an IPC channel to this process: when it is gone, they end by themselves.
 *
 *   starting ──ready message──▶ running ──exit──▶ waiting ──back-off──▶ starting
 *       └───────────────────────exit──────────────▲          stop() from any state ──▶ stopped
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Clock, Timer } from '../machinery/clock.ts';
import { LogFile } from './log-file.ts';
import { removeProcessFile, writeProcessFile } from './process-file.ts';
import { UserError } from './user-error.ts';

export interface ChildSpec {
  name: string;
  file: string;
  args: readonly string[];
  /** Beside this process's own environment. */
  env?: Readonly<Record<string, string>>;
}

interface Child {
  spec: ChildSpec;
  process: ChildProcess | undefined;
  log: LogFile;
  failures: number;
  restart: Timer | undefined;
}

/** What a child sends its parent over IPC. */
export interface ReadyMessage {
  ready: true;
}

const firstBackoffMs = 500;
const lastBackoffMs = 30_000;
/** A child that ran this long starts again at once. */
const healthyMs = 60_000;
const stopGraceMs = 15_000;

export class Supervisor {
  private readonly children: Child[] = [];
  private stopping = false;
  private readonly clock: Clock;
  private readonly logDir: string;
  private readonly runDir: string;
  private readonly onExit: (name: string, reason: string, restartInMs: number) => void;

  constructor(options: { clock: Clock; logDir: string; runDir: string; onExit: (name: string, reason: string, restartInMs: number) => void }) {
    this.clock = options.clock;
    this.logDir = options.logDir;
    this.runDir = options.runDir;
    this.onExit = options.onExit;
  }

  /** Starts a child; resolves when it is ready. @throws UserError with the child's last words when its first start fails. */
  async start(spec: ChildSpec): Promise<void> {
    if (this.stopping) throw new Error('the supervisor is stopped');
    const child: Child = { spec, process: undefined, log: new LogFile(join(this.logDir, `${spec.name}.log`)), failures: 0, restart: undefined };
    this.children.push(child);
    await new Promise<void>((resolve, reject) => this.launch(child, { resolve, reject }));
  }

  /** Ends all children, the last started first. Does nothing the second time. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const child of this.children.splice(0).reverse()) {
      child.restart?.cancel();
      await this.end(child);
      child.log.close();
    }
  }

  private launch(child: Child, first?: { resolve: () => void; reject: (error: Error) => void }): void {
    const startedAt = this.clock.monotonic();
    let tail = '';
    let ready = false;
    const running = spawn(child.spec.file, child.spec.args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true, env: { ...process.env, ...child.spec.env } });
    child.process = running;
    if (running.pid !== undefined) this.record(child, running.pid);
    const collect = (chunk: Buffer): void => {
      tail = (tail + chunk.toString('utf8')).slice(-4_096);
      child.log.append(chunk);
    };
    running.stdout?.on('data', collect);
    running.stderr?.on('data', collect);
    running.on('message', () => {
      ready = true;
      first?.resolve();
    });
    running.on('error', (error) => first?.reject(new UserError(`cannot start ${child.spec.name}: ${error.message}`, { cause: error })));
    running.on('close', (code, signal) => {
      child.process = undefined;
      removeProcessFile(this.processFile(child));
      if (this.stopping) return;
      const lastWords = tail.split('\n').findLast((line) => line.startsWith('bramble: ')) ?? '';
      if (first && !ready) {
        child.log.append(Buffer.from(tail.endsWith('\n') ? '' : '\n'));
        first.reject(new UserError(lastWords.replace(/^bramble: /, '') || `${child.spec.name} ended with ${signal ?? `code ${code}`} before it was ready`));
        return;
      }
      child.failures = this.clock.monotonic() - startedAt > healthyMs ? 0 : child.failures + 1;
      const delay = Math.min(firstBackoffMs * 2 ** Math.max(0, child.failures - 1), lastBackoffMs);
      this.onExit(child.spec.name, signal ?? `code ${code}`, delay);
      child.restart = this.clock.after(delay, () => this.launch(child));
    });
  }

  /** For `bramble down` after a crash of this process; without it the child still ends by itself. */
  private record(child: Child, pid: number): void {
    try {
      writeProcessFile(this.processFile(child), pid);
    } catch (error) {
      child.log.append(Buffer.from(`cannot write ${this.processFile(child)}: ${(error as Error).message}\n`));
    }
  }

  private end(child: Child): Promise<void> {
    const running = child.process;
    if (running === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const kill = this.clock.after(stopGraceMs, () => running.kill('SIGKILL'));
      running.once('close', () => {
        kill.cancel();
        resolve();
      });
      running.kill('SIGTERM');
    });
  }

  private processFile(child: Child): string {
    return join(this.runDir, `${child.spec.name}.json`);
  }
}
