/** Exponential delays per key, with a cap and jitter, so that what fails together does not come back together. */

export interface BackoffOptions {
  /** Delay after the first failure, in milliseconds. */
  initialMs: number;
  /** No delay is longer than this before jitter, in milliseconds. */
  maximumMs: number;
  /** Growth per failure. Default 2. */
  factor?: number;
  /** Up to this share of the delay is added at random. Default 0. */
  jitter?: number;
  /** Uniform in [0, 1). Required where jitter is not 0. */
  random?: () => number;
  /** Keys that are remembered; the one that failed longest ago is forgotten first. Default 16,384. */
  maximumKeys?: number;
}

export class Backoff {
  private readonly options: BackoffOptions;
  /** Failures by key, the latest failure last. */
  private readonly failures = new Map<string, number>();

  constructor(options: BackoffOptions) {
    this.options = options;
  }

  /** Counts one more failure of the key. @returns how long to wait now, in milliseconds. */
  next(key = ''): number {
    const failures = this.failureCount(key);
    this.failures.delete(key);
    this.failures.set(key, failures + 1);
    this.forgetExcess();
    const { initialMs, maximumMs, factor = 2, jitter = 0, random = () => 0 } = this.options;
    // factor ** 1024 is Infinity, which the cap takes care of.
    const delay = Math.min(maximumMs, initialMs * factor ** failures);
    return delay * (1 + jitter * random());
  }

  /** Failures since the last reset. */
  failureCount(key = ''): number {
    return this.failures.get(key) ?? 0;
  }

  /** The key succeeded or is gone. */
  reset(key = ''): void {
    this.failures.delete(key);
  }

  private forgetExcess(): void {
    if (this.failures.size <= (this.options.maximumKeys ?? 16_384)) return;
    for (const oldest of this.failures.keys()) {
      this.failures.delete(oldest);
      return;
    }
  }
}
