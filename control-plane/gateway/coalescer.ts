import type { Clock, Timer } from '../../machinery/clock.ts';

/**
 * Runs an action soon after it is asked for, and not more often than once per interval: the first request waits a moment
 * for its companions, a burst becomes a few runs.
 */
export class Coalescer {
  private readonly options: { clock: Clock; delayMs: number; intervalMs: number; run: () => void };
  private timer: Timer | undefined;
  private lastRun = Number.NEGATIVE_INFINITY;

  constructor(options: Coalescer['options']) {
    this.options = options;
  }

  request(): void {
    if (this.timer) return;
    const { clock, delayMs, intervalMs } = this.options;
    const wait = Math.max(delayMs, this.lastRun + intervalMs - clock.monotonic());
    this.timer = clock.after(wait, () => this.runNow());
  }

  /** At once, for all that was asked. */
  runNow(): void {
    this.cancel();
    this.lastRun = this.options.clock.monotonic();
    this.options.run();
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}
