import type { StorageEvent, StorageWatcher } from '../storage.ts';

/** Remembers what it is told. */
export class RecordingWatcher implements StorageWatcher {
  readonly batches: (readonly StorageEvent[])[] = [];
  closedWith: Error | undefined;

  events(events: readonly StorageEvent[]): void {
    this.batches.push(events);
  }

  closed(error: Error): void {
    this.closedWith = error;
  }

  get all(): StorageEvent[] {
    return this.batches.flat();
  }

  /** `put core/configmaps/default/a@3`. */
  get lines(): string[] {
    return this.all.map((event) => `${event.type} ${event.key}@${event.revision}`);
  }
}
