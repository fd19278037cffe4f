import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Backoff } from '../../machinery/backoff.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { writeFileAtomic } from '../pki/atomic-file.ts';
import { natsConfig, type NatsUsers } from './nats-config.ts';
import { endStaleNatsServer, findStaleNatsServer, natsServerPaths } from './stale-process.ts';

export interface ManagedNatsServerOptions {
  /** Holds the configuration and the pid file. */
  directory: string;
  host: string;
  port: number;
  certificatePath: string;
  keyPath: string;
  users: () => NatsUsers;
  clock: Clock;
  logger: Logger;
  random: () => number;
  /** Default: `nats-server` of the PATH. */
  binary?: string;
}

/** nats-server cannot run here. The message says what to do. */
export class NatsServerError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NatsServerError';
  }
}

/** It must have said that it is ready by then. */
const readyMs = 30_000;
/** A child that ran this long was healthy: its restart comes without delay. */
const healthyMs = 30_000;
const stopGraceMs = 5_000;

/**
 * nats-server as a child process.
 *
 * ```
 *            start()            "Server is ready"
 *   stopped ────────▶ starting ──────────────────▶ running
 *      ▲                 │  ▲                         │ exit
 *      │ stop()          │  └──────── backoff ◀───────┘
 *      └─────────────────┴──────────────┘
 * ```
 * A failure of the first start is thrown; afterwards it is started again until stop().
 */
export class ManagedNatsServer {
  private readonly options: ManagedNatsServerOptions;
  private readonly configPath: string;
  private readonly pidPath: string;
  private readonly abort = new AbortController();
  private readonly backoff: Backoff;
  private child: ChildProcess | undefined;
  private supervising: Promise<void> | undefined;

  constructor(options: ManagedNatsServerOptions) {
    this.options = options;
    const { configPath, pidPath } = natsServerPaths(options.directory);
    this.configPath = configPath;
    this.pidPath = pidPath;
    this.backoff = new Backoff({ initialMs: 200, maximumMs: 10_000, jitter: 0.2, random: options.random });
  }

  /** Undefined while it is being restarted. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when clients can connect. @throws NatsServerError */
  async start(): Promise<void> {
    const { clock, logger } = this.options;
    await this.writeConfig();
    const stale = await findStaleNatsServer(this.options.directory);
    if (stale !== undefined) {
      logger.info('Ending the nats-server of an earlier run', { pid: stale });
      await endStaleNatsServer(stale, this.options.directory, clock);
    }
    this.supervising = this.supervise(await this.launch());
  }

  /** Makes the present users known; running connections stay. */
  async reload(): Promise<void> {
    await this.writeConfig();
    this.child?.kill('SIGHUP');
  }

  async stop(): Promise<void> {
    this.abort.abort(new Error('nats-server is stopped'));
    const timer = this.options.clock.after(stopGraceMs, () => this.child?.kill('SIGKILL'));
    this.child?.kill('SIGTERM');
    await this.supervising;
    timer.cancel();
    await rm(this.pidPath, { force: true });
  }

  private async writeConfig(): Promise<void> {
    const { directory, host, port, certificatePath, keyPath, users } = this.options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFileAtomic(this.configPath, natsConfig({ ...users(), host, port, certificatePath, keyPath, pidPath: this.pidPath }), 0o600);
  }

  private async supervise(first: Run): Promise<void> {
    const { clock, logger } = this.options;
    for (let run: Run | undefined = first; run; run = await this.relaunch()) {
      const since = clock.monotonic();
      const why = await run.ended;
      this.child = undefined;
      if (this.abort.signal.aborted) return;
      logger.warn('nats-server ended, starting it again', { why });
      if (clock.monotonic() - since >= healthyMs) this.backoff.reset();
    }
  }

  /** @returns undefined when stopped meanwhile. */
  private async relaunch(): Promise<Run | undefined> {
    const { clock, logger } = this.options;
    const { signal } = this.abort;
    while (!signal.aborted) {
      await clock.sleep(this.backoff.next(), signal).catch(() => {}); // Aborted: the loop ends.
      if (isAborted(signal)) break;
      try {
        const run = await this.launch();
        logger.info('nats-server runs again', { pid: run.child.pid });
        return run;
      } catch (error) {
        logger.error('nats-server does not start', { error });
      }
    }
    return undefined;
  }

  /** Resolves when it is ready. @throws NatsServerError */
  private async launch(): Promise<Run> {
    const { binary = 'nats-server', logger, clock } = this.options;
    const child = spawn(binary, ['-c', this.configPath], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child = child;
    const output = new NatsServerOutput(child, logger);
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT'
        ? `${binary} is not installed; install it (apt install nats-server) or name a server with --nats-url`
        : `${binary} cannot be started: ${error.message}`));
      // 'close' comes after 'exit' and after the last line was read.
      child.once('close', (code, signal) => resolve(`nats-server ended (${signal ?? `exit code ${code}`})${output.reason()}`));
    });
    const timer = clock.after(readyMs, () => child.kill('SIGKILL'));
    const failure = await Promise.race([output.ready, ended]);
    timer.cancel();
    if (failure !== undefined) {
      this.child = undefined;
      throw new NatsServerError(failure);
    }
    // stop() may have come while it was not yet able to take a signal.
    if (this.abort.signal.aborted) child.kill('SIGTERM');
    return { child, ended };
  }
}

interface Run {
  child: ChildProcess;
  /** Why, when it is gone. */
  ended: Promise<string>;
}

/** Its log: tells when it is ready, and keeps the last errors to say why it ended. */
class NatsServerOutput {
  readonly ready: Promise<undefined>;
  private readonly errors: string[] = [];

  constructor(child: ChildProcess, logger: Logger) {
    this.ready = new Promise((resolve) => {
      if (!child.stderr) return;
      createInterface({ input: child.stderr }).on('line', (line) => {
        const failed = /\[(ERR|FTL)\]/.test(line) || line.startsWith('nats-server:');
        if (failed && this.errors.push(line) > 5) this.errors.shift();
        logger.debug('nats-server', { line });
        if (line.includes('Server is ready')) resolve(undefined);
      });
    });
  }

  reason(): string {
    return this.errors.length > 0 ? `: ${this.errors.join('; ')}` : '';
  }
}

/** A function, because the compiler does not know that the signal changes while one awaits. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
