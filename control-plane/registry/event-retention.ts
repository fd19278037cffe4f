/**
 * Events live an hour after their last change, and no more than a bounded number of them. Without that they would fill
 * the memory of a small board.
 */
import { events } from '../../api/resources.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { resourcePrefix } from '../storage/keys.ts';
import { KeyConflictError } from '../storage/storage.ts';
import type { Storage, StorageEvent } from '../storage/storage.ts';

export const eventTimeToLiveMs = 60 * 60_000;
export const maximumEvents = 10_000;
const sweepIntervalMs = 60_000;

export class EventRetention {
  private readonly storage: Storage;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly maximum: number;
  /** Key → when it expires (monotonic). Every change moves a key to the end, so the oldest come first. */
  private readonly deadlines = new Map<string, number>();
  private unwatch: (() => void) | undefined;
  private timer: Timer | undefined;
  private sweeping = false;

  constructor(options: { storage: Storage; clock: Clock; logger: Logger; maximum?: number }) {
    this.storage = options.storage;
    this.clock = options.clock;
    this.logger = options.logger;
    this.maximum = options.maximum ?? maximumEvents;
  }

  start(): void {
    const prefix = resourcePrefix(events);
    const { items, revision } = this.storage.list(prefix);
    for (const { key } of items) this.touch(key);
    this.unwatch = this.storage.watch(prefix, revision, {
      events: (changes) => changes.forEach((change) => this.follow(change)),
      closed: () => this.stop(),
    });
    this.schedule();
  }

  stop(): void {
    this.unwatch?.();
    this.unwatch = undefined;
    this.timer?.cancel();
    this.timer = undefined;
    this.deadlines.clear();
  }

  private schedule(): void {
    this.timer = this.clock.after(sweepIntervalMs, () => {
      this.sweep();
      this.schedule();
    });
  }

  private follow({ type, key }: StorageEvent): void {
    if (type === 'delete') this.deadlines.delete(key);
    else this.touch(key);
    if (this.deadlines.size > this.maximum) this.sweep();
  }

  private touch(key: string): void {
    this.deadlines.delete(key);
    this.deadlines.set(key, this.clock.monotonic() + eventTimeToLiveMs);
  }

  private sweep(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    this.removeExpired()
      .catch((error: unknown) => this.logger.warn('expired events could not be removed', { error }))
      .finally(() => { this.sweeping = false; });
  }

  private async removeExpired(): Promise<void> {
    const now = this.clock.monotonic();
    for (const [key, deadline] of this.deadlines) {
      if (deadline > now && this.deadlines.size <= this.maximum) return;
      const stored = this.storage.get(key);
      if (stored) await this.remove(key, stored.revision);
      else this.deadlines.delete(key);
    }
  }

  private async remove(key: string, revision: number): Promise<void> {
    try {
      await this.storage.commit([{ key, expected: revision, object: undefined, durable: false }]);
    } catch (error) {
      // It changed meanwhile: it is young again, and its new deadline is at the end of the map.
      if (!(error instanceof KeyConflictError)) throw error;
    }
  }
}
