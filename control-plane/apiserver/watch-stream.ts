/**
 * One watch on its way to a client that may be slow.
 *
 * Events wait as references to shared objects and are encoded when the socket has room, so a big initial state costs no
 * memory of its own. What may wait is bounded in number, and a client that takes nothing for a while is cut off: it
 * comes back and lists again, which is cheaper for everyone than keeping history for it.
 *
 * INVARIANTS
 * - Events leave in the order they came; nothing is left out before the stream ends.
 * - The registry's commit is never blocked: event() only queues.
 *
 * A write costs the server far more than an event in it does. So where very many watch, each stream waits a moment between
 * two writes and sends what came meanwhile in one piece (paceOf).
 */
import type { WatchEvent } from '../../api/meta.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { RegistryWatchSink } from '../registry/registry.ts';

/** Events that may wait beyond what waited when the stream began. */
export const maxWaitingEvents = 4096;
/** Milliseconds that a client with a full socket may take nothing. */
export const maxStallMs = 10_000;
/** So many watches are written to without a pause. */
const unpacedWatches = 100;
/** About what a write to one watch takes on a small machine: half of the time is left for everything else. */
const pacePerWatchMs = 0.05;
const maxPaceMs = 100;

/** Milliseconds between two writes to a stream while so many are open. */
export function paceOf(openWatches: number): number {
  return openWatches <= unpacedWatches ? 0 : Math.min(maxPaceMs, openWatches * pacePerWatchMs);
}

/** As much of a response as a stream needs. */
export interface WatchOutput {
  /** @returns false when it is full; `drain` says when no longer. */
  write(bytes: Buffer): boolean;
  on(event: 'drain' | 'close', listener: () => void): unknown;
  once(event: 'finish', listener: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
  cork(): void;
  uncork(): void;
  flushHeaders(): void;
}

export interface WatchStreamOptions {
  response: WatchOutput;
  encode: (event: WatchEvent) => Buffer;
  clock: Pick<Clock, 'after' | 'monotonic'>;
  logger: Logger;
  /** How many are under way in this server. Default: this one only. */
  openWatches?: () => number;
}

export class WatchStream implements RegistryWatchSink {
  private readonly options: WatchStreamOptions;
  private readonly ended: (() => void)[] = [];
  private queue: WatchEvent[] = [];
  private head = 0;
  private allowance = Infinity;
  private state: 'collecting' | 'open' | 'scheduled' | 'blocked' | 'finishing' | 'ended' = 'collecting';
  private timeout: Timer | undefined;
  private stall: Timer | undefined;
  private pause: Timer | undefined;
  private lastWrite = -Infinity;

  constructor(options: WatchStreamOptions) {
    this.options = options;
  }

  /** Begins sending, after the head of the response. */
  start(timeoutMs: number): void {
    const { response, clock } = this.options;
    // Ended by the registry before it began: only the ERROR event goes out.
    const closedEarly = this.state === 'finishing';
    this.allowance = this.waiting + maxWaitingEvents;
    response.on('drain', () => this.drained());
    response.on('close', () => this.finish());
    response.flushHeaders();
    this.timeout = clock.after(timeoutMs, () => this.end());
    if (this.state === 'collecting') this.state = 'open';
    if (closedEarly || this.waiting > 0) this.pump();
  }

  /** Called once when nothing more will be sent, whoever ended it; at once when that was before. */
  onEnd(callback: () => void): void {
    if (this.state === 'ended') callback();
    else this.ended.push(callback);
  }

  event(event: WatchEvent): void {
    if (this.state === 'ended' || this.state === 'finishing') return;
    this.queue.push(event);
    if (this.waiting > this.allowance) {
      this.cutOff('too many events are waiting');
    } else if (this.state === 'open') {
      // The events of one commit, and of commits that came together, go out in one piece.
      this.state = 'scheduled';
      this.schedule();
    }
  }

  private schedule(): void {
    const { clock, openWatches } = this.options;
    const send = (): void => {
      if (this.state !== 'scheduled') return;
      this.state = 'open';
      this.pump();
    };
    const pace = paceOf(openWatches?.() ?? 1);
    const rest = pace === 0 ? 0 : this.lastWrite + pace - clock.monotonic();
    if (rest > 0) this.pause = clock.after(rest, send);
    else queueMicrotask(send);
  }

  closed(): void {
    if (this.state === 'ended') return;
    const before = this.state;
    this.state = 'finishing';
    if (before === 'open' || before === 'scheduled') this.pump();
  }

  /** Ends it as a timeout does: the client watches on with a new request. */
  end(): void {
    this.closed();
  }

  private get waiting(): number {
    return this.queue.length - this.head;
  }

  private pump(): void {
    const { response, encode, clock } = this.options;
    this.lastWrite = clock.monotonic();
    response.cork();
    let room = true;
    while (room && this.head < this.queue.length) {
      room = response.write(encode(this.queue[this.head]!));
      this.head += 1;
    }
    response.uncork();
    if (this.head === this.queue.length) {
      this.queue = [];
      this.head = 0;
    }
    if (!room) this.block();
    else if (this.state === 'finishing') {
      response.once('finish', () => this.finish());
      response.end();
    }
  }

  private block(): void {
    if (this.state !== 'finishing') this.state = 'blocked';
    this.stall ??= this.options.clock.after(maxStallMs, () => this.cutOff('the client takes nothing'));
  }

  private drained(): void {
    this.stall?.cancel();
    this.stall = undefined;
    if (this.state === 'blocked') this.state = 'open';
    if (this.state === 'open' || this.state === 'finishing') this.pump();
  }

  private cutOff(why: string): void {
    this.options.logger.info('watch cut off', { why, waiting: this.waiting });
    this.options.response.destroy();
    this.finish();
  }

  private finish(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.timeout?.cancel();
    this.stall?.cancel();
    this.pause?.cancel();
    this.queue = [];
    this.head = 0;
    for (const callback of this.ended.splice(0)) callback();
  }
}
