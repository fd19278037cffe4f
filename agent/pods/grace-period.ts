/** Seconds a pod has to end by itself. Can become shorter while it ends, never longer. */
export class GracePeriod {
  private current: number;
  private readonly handlers = new Set<() => void>();

  constructor(seconds: number) {
    this.current = seconds;
  }

  get seconds(): number {
    return this.current;
  }

  /** Does nothing when it is not shorter. */
  shorten(seconds: number): void {
    if (seconds >= this.current) return;
    this.current = seconds;
    for (const handler of [...this.handlers]) handler();
  }

  /** @returns what ends the subscription. */
  onShorter(handler: () => void): () => void {
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }
}
