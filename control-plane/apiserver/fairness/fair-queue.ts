/**
 * The seats of one priority level, shared fairly: every user has a queue of his own, and a seat that gets free goes to the
 * next user in turn, whatever the others have waiting. The idea of k8s.io/apiserver/pkg/util/flowcontrol/fairqueuing, with
 * exact queues instead of shuffled ones: a cluster of boards has few users.
 */
import type { Clock, Timer } from '../../../machinery/clock.ts';

export interface FairQueueOptions {
  /** Requests under way at once. */
  seats: number;
  /** Requests of one user that wait. */
  queueLength: number;
  /** Users with waiting requests. */
  queues: number;
  /** Nobody waits longer. */
  maxWaitMs: number;
  clock: Pick<Clock, 'after'>;
  /** Of the seats: so many may others use while they are free. Default: none. */
  lendable?: number;
  /** Seats that may be borrowed beyond its own. Default: as many as there are. */
  borrowingLimit?: number;
  /** Levels that lend to each other. Default: this one is alone. */
  lenders?: Lenders;
}

/** Seats of all levels that have some to lend. A level that needs its own seats has them at once; what was borrowed is given back as it comes free. */
export class Lenders {
  private readonly queues = new Set<FairQueue>();

  add(queue: FairQueue): void {
    this.queues.add(queue);
  }

  delete(queue: FairQueue): void {
    this.queues.delete(queue);
  }

  haveSeats(): boolean {
    let free = 0;
    for (const queue of this.queues) free += queue.spare - queue.borrowed;
    return free > 0;
  }

  /** A seat came free: those who wait for one may have it. */
  serve(): void {
    for (const queue of this.queues) queue.serve();
  }
}

interface Waiter {
  start: () => void;
  timer: Timer;
}

/** A seat, to be given back exactly once. */
export type Release = () => void;

export class FairQueue {
  private options: FairQueueOptions;
  private taken = 0;
  /** In turn: the user who was served goes to the end. */
  private readonly waiting = new Map<string, Waiter[]>();

  constructor(options: FairQueueOptions) {
    this.options = options;
  }

  get executing(): number {
    return this.taken;
  }

  /**
   * @param run called with the seat, at once where one is free.
   * @param refuse called instead when too much waits, or too long.
   * @returns the client went away while waiting; does nothing later.
   */
  enter(user: string, run: (release: Release) => void, refuse: () => void): () => void {
    if (this.hasSeat()) {
      run(this.take());
      return () => {};
    }
    const queue = this.waiting.get(user);
    if (queue ? queue.length >= this.options.queueLength : this.waiting.size >= this.options.queues) {
      refuse();
      return () => {};
    }
    const waiter: Waiter = {
      start: () => run(this.take()),
      timer: this.options.clock.after(this.options.maxWaitMs, () => {
        this.remove(user, waiter);
        refuse();
      }),
    };
    if (queue) queue.push(waiter);
    else this.waiting.set(user, [waiter]);
    return () => this.remove(user, waiter);
  }

  /** Seats of its own that it lends and does not need now. */
  get spare(): number {
    return Math.max(0, Math.min(this.options.lendable ?? 0, this.options.seats - this.taken));
  }

  get borrowed(): number {
    return Math.max(0, this.taken - this.options.seats);
  }

  /** Seats that came free go to those who wait. */
  resize(bounds: Pick<FairQueueOptions, 'seats' | 'queues' | 'queueLength' | 'lendable' | 'borrowingLimit'>): void {
    this.options = { ...this.options, ...bounds };
    this.serve();
  }

  serve(): void {
    while (this.waiting.size > 0 && this.hasSeat()) this.serveNext();
  }

  private hasSeat(): boolean {
    const { seats, borrowingLimit = Infinity, lenders } = this.options;
    return this.taken < seats || (lenders !== undefined && this.taken - seats < borrowingLimit && lenders.haveSeats());
  }

  private take(): Release {
    this.taken += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.taken -= 1;
      // Fewer seats than before are given back as they come free.
      this.serve();
      this.options.lenders?.serve();
    };
  }

  private serveNext(): void {
    for (const [user, queue] of this.waiting) {
      const waiter = queue.shift();
      this.waiting.delete(user);
      if (queue.length > 0) this.waiting.set(user, queue);
      if (!waiter) continue;
      waiter.timer.cancel();
      waiter.start();
      return;
    }
  }

  private remove(user: string, waiter: Waiter): void {
    const queue = this.waiting.get(user);
    const index = queue?.indexOf(waiter) ?? -1;
    if (!queue || index < 0) return;
    waiter.timer.cancel();
    queue.splice(index, 1);
    if (queue.length === 0) this.waiting.delete(user);
  }
}
