/**
 * The one shape of every control loop: handlers only enqueue a key, a worker takes it, looks at the present state and acts.
 * A key is never reconciled twice at once. A reconcile that throws comes again, later each time; one that succeeds is
 * forgotten.
 */
import { isConflict, isNamespaceTerminating } from '../api/errors.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import { WorkQueue } from './work-queue.ts';

export interface ControllerOptions {
  /** Names the controller in the log. */
  name: string;
  /** Keys reconciled at the same time. */
  workers: number;
  /** Makes the world match for one key. The signal aborts when the controller stops. */
  reconcile: (key: string, signal: AbortSignal) => Promise<void>;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1). */
  random: () => number;
}

export class Controller {
  readonly name: string;
  private readonly workers: number;
  private readonly reconcile: ControllerOptions['reconcile'];
  private readonly logger: Logger;
  private readonly queue: WorkQueue;
  private readonly stopping = new AbortController();
  private running: Promise<void>[] = [];

  constructor({ name, workers, reconcile, clock, logger, random }: ControllerOptions) {
    this.name = name;
    this.workers = workers;
    this.reconcile = reconcile;
    this.logger = logger.child({ controller: name });
    this.queue = new WorkQueue({ clock, random });
  }

  /** Keys that wait, for metrics and tests. */
  get pending(): number {
    return this.queue.length;
  }

  enqueue(key: string): void {
    this.queue.add(key);
  }

  /** Also bounds how stale a decision may get that depends on time. */
  enqueueAfter(key: string, milliseconds: number): void {
    this.queue.addAfter(key, milliseconds);
  }

  /** Starts the workers. Keys may be enqueued before. When the signal aborts, it stops as stop() does. */
  start(signal?: AbortSignal): void {
    if (this.running.length > 0) throw new Error(`controller ${this.name} is already started`);
    if (signal?.aborted) this.stopping.abort(signal.reason);
    signal?.addEventListener('abort', () => this.abort(signal.reason), { once: true });
    this.running = Array.from({ length: this.workers }, () => this.work());
  }

  /** Takes no more keys and resolves when what is being reconciled has finished. Keys that wait are dropped. */
  async stop(): Promise<void> {
    this.abort(new Error(`controller ${this.name} stops`));
    await Promise.all(this.running);
  }

  private abort(reason: unknown): void {
    this.stopping.abort(reason);
    this.queue.shutDown();
  }

  private async work(): Promise<void> {
    for (;;) {
      const key = await this.queue.get(this.stopping.signal);
      if (key === undefined) return;
      await this.handle(key);
    }
  }

  /** Never rejects. */
  private async handle(key: string): Promise<void> {
    try {
      await this.reconcile(key, this.stopping.signal);
      this.queue.forget(key);
    } catch (error) {
      // Another try would be refused as well, and the deletion of the namespace is a change of its own.
      if (isNamespaceTerminating(error)) {
        this.queue.forget(key);
        this.logger.debug('Reconcile was overtaken by the end of the namespace', { key, error });
        return;
      }
      this.queue.addRateLimited(key);
      this.report(key, error);
    } finally {
      this.queue.done(key);
    }
  }

  /** A conflict is ordinary (someone wrote in between), and so is an abort while stopping. */
  private report(key: string, error: unknown): void {
    const fields = { key, error, failures: this.queue.failureCount(key) };
    if (isConflict(error) || this.stopping.signal.aborted) this.logger.debug('Reconcile was overtaken', fields);
    else this.logger.error('Reconcile failed', fields);
  }
}
