/** Watches, followed logs and commands: counted, bounded, and ended when the server stops. */
import { newTooManyRequests } from '../../api/errors.ts';

export class LongRunningRequests {
  private readonly enders = new Set<() => void>();
  private readonly limit: number;
  private stopped = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.enders.size;
  }

  /**
   * @param end called at most once, when the server stops.
   * @returns must be called when the request has ended.
   * @throws StatusError TooManyRequests when there are too many, or the server is stopping.
   */
  begin(end: () => void): () => void {
    if (this.stopped || this.enders.size >= this.limit) throw newTooManyRequests('Too many requests, please try again later.', 1);
    this.enders.add(end);
    return () => this.enders.delete(end);
  }

  stop(): void {
    this.stopped = true;
    const enders = [...this.enders];
    this.enders.clear();
    for (const end of enders) end();
  }
}
