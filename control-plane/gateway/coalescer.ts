import type { Clock, Timer } from '../../machinery/clock.ts';

/**
 * Runs an action when it is asked for, and not more often than once per interval: a lone request waits for the end of the
 * present turn of the event loop only, a burst becomes a few runs.
 */
export class Coalescer {
  private readonly options: { clock: Clock; intervalMs: number; run: () => void };
  private timer: Timer | undefined;
  private lastRun = Number.NEGATIVE_INFINITY;

  constructor(options: Coalescer['options']) {
    this.options = options;
  }

  request(): void {
    if (this.timer) return;
    const { clock, intervalMs } = this.options;
    const wait = Math.max(0, this.lastRun + intervalMs - clock.monotonic());
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
