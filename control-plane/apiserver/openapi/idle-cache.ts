/** Bytes that are dear to make and seldom asked for: kept while someone asks, dropped when nobody does. */
import type { Clock, Timer } from '../../../machinery/clock.ts';

export class IdleCache {
  private readonly clock: Pick<Clock, 'after'>;
  private readonly idleMs: number;
  private readonly entries = new Map<string, Promise<Buffer>>();
  private timer: Timer | undefined;

  constructor(clock: Pick<Clock, 'after'>, idleMs: number) {
    this.clock = clock;
    this.idleMs = idleMs;
  }

  get size(): number {
    return this.entries.size;
  }

  /** @param key out of a fixed set: nothing else bounds the cache. */
  get(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    this.timer?.cancel();
    this.timer = this.clock.after(this.idleMs, () => this.entries.clear());
    let bytes = this.entries.get(key);
    if (!bytes) {
      bytes = make();
      this.entries.set(key, bytes);
      // Who asked hears of the failure; the next one tries again.
      bytes.catch(() => this.entries.delete(key));
    }
    return bytes;
  }

  stop(): void {
    this.timer?.cancel();
    this.entries.clear();
  }
}
