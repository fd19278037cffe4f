import type { Clock } from '../clock.ts';

/** A clock that moves only when told. Timers fire in order; promise callbacks run between them. */
export class FakeClock implements Clock {
  private current: number;
  private sequence = 0;
  private timers: { at: number; sequence: number; callback: () => void }[] = [];

  constructor(now = Date.parse('2026-01-01T00:00:00Z')) {
    this.current = now;
  }

  now(): number {
    return this.current;
  }

  monotonic(): number {
    return this.current;
  }

  after(milliseconds: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.current + milliseconds, sequence: this.sequence++, callback };
    this.timers.push(timer);
    return { cancel: () => { this.timers = this.timers.filter((other) => other !== timer); } };
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.after(milliseconds, resolve);
      signal?.addEventListener('abort', () => { timer.cancel(); reject(signal.reason as Error); }, { once: true });
    });
  }

  /** Moves time on, firing what is due on the way. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.current + milliseconds;
    await flush();
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at || a.sequence - b.sequence)[0];
      if (!due) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.current = Math.max(this.current, due.at);
      due.callback();
      await flush();
    }
    this.current = end;
  }
}

async function flush(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
