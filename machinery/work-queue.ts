/**
 * A queue of keys with the semantics of client-go's workqueue.
 *
 * INVARIANTS
 * - Fair: keys come out in the order in which they went in.
 * - Stingy: a key added several times before it is handled is handled once.
 * - One at a time: a key added while it is handled comes out again only after done().
 * - Bounded by the number of distinct keys.
 */
import { Backoff } from './backoff.ts';
import type { Clock, Timer } from './clock.ts';

export interface WorkQueueOptions {
  clock: Clock;
  /** Uniform in [0, 1), for the jitter of addRateLimited. */
  random: () => number;
  /** Delays of addRateLimited. Default: 5 ms doubling up to 5 minutes, with 10 % jitter. */
  backoff?: Backoff;
}

interface Delayed {
  /** Monotonic milliseconds. */
  due: number;
  timer: Timer;
}

interface Waiter {
  resolve(key: string | undefined): void;
}

export class WorkQueue {
  private readonly clock: Clock;
  private readonly backoff: Backoff;
  /** What get() hands out next, from `head` on. Each key in it is dirty and not processing. */
  private ready: string[] = [];
  private head = 0;
  /** Keys that need handling. A key that is also in `processing` goes to `ready` at done(). */
  private readonly dirty = new Set<string>();
  private readonly processing = new Set<string>();
  private readonly delayed = new Map<string, Delayed>();
  private readonly waiters = new Set<Waiter>();
  private shuttingDown = false;

  constructor({ clock, random, backoff }: WorkQueueOptions) {
    this.clock = clock;
    this.backoff = backoff ?? new Backoff({ initialMs: 5, maximumMs: 300_000, jitter: 0.1, random });
  }

  /** Keys that wait to be handled, without the delayed ones. */
  get length(): number {
    return this.ready.length - this.head;
  }

  add(key: string): void {
    if (this.shuttingDown || this.dirty.has(key)) return;
    this.dirty.add(key);
    if (!this.processing.has(key)) this.push(key);
  }

  /** Adds after `milliseconds`. Of several delays for one key the earliest end counts. */
  addAfter(key: string, milliseconds: number): void {
    if (this.shuttingDown) return;
    if (milliseconds <= 0) {
      this.add(key);
      return;
    }
    const due = this.clock.monotonic() + milliseconds;
    const present = this.delayed.get(key);
    if (present) {
      if (present.due <= due) return;
      present.timer.cancel();
    }
    const timer = this.clock.after(milliseconds, () => {
      this.delayed.delete(key);
      this.add(key);
    });
    this.delayed.set(key, { due, timer });
  }

  /** Adds after a delay that grows with each call until forget(). */
  addRateLimited(key: string): void {
    if (this.shuttingDown) return;
    this.addAfter(key, this.backoff.next(key));
  }

  /** The key succeeded: its next addRateLimited starts with the shortest delay. Does not replace done(). */
  forget(key: string): void {
    this.backoff.reset(key);
  }

  /** Calls of addRateLimited since forget(). */
  failureCount(key: string): number {
    return this.backoff.failureCount(key);
  }

  /**
   * Waits for the next key; its taker calls done(key) when finished.
   * @returns undefined when the signal aborts, or when the queue is shut down and empty.
   */
  get(signal?: AbortSignal): Promise<string | undefined> {
    if (signal?.aborted) return Promise.resolve(undefined);
    const key = this.shift();
    if (key !== undefined || this.shuttingDown) return Promise.resolve(key);
    return new Promise((resolve) => {
      const onAbort = () => waiter.resolve(undefined);
      const waiter: Waiter = {
        resolve: (found) => {
          this.waiters.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          resolve(found);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiters.add(waiter);
    });
  }

  /** The taker has finished with the key; if it was added meanwhile, it is queued again. */
  done(key: string): void {
    this.processing.delete(key);
    if (this.dirty.has(key)) this.push(key);
  }

  /** Takes no more keys and drops the delayed ones; get() hands out what is left, then undefined. */
  shutDown(): void {
    this.shuttingDown = true;
    for (const { timer } of this.delayed.values()) timer.cancel();
    this.delayed.clear();
    for (const waiter of [...this.waiters]) waiter.resolve(undefined);
  }

  private push(key: string): void {
    this.ready.push(key);
    for (const waiter of this.waiters) {
      waiter.resolve(this.shift());
      return;
    }
  }

  private shift(): string | undefined {
    const key = this.ready[this.head];
    if (key === undefined) return undefined;
    this.head += 1;
    // Compacting when half is used up keeps a shift cheap on average, however long the queue.
    if (this.head * 2 > this.ready.length) {
      this.ready = this.ready.slice(this.head);
      this.head = 0;
    }
    this.processing.add(key);
    this.dirty.delete(key);
    return key;
  }
}
