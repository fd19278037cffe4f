/**
 * The recent past: what watches resume from and what lists of an older revision are computed from. Bounded in events and
 * in (estimated) bytes; the oldest go first.
 */
import { RevisionExpiredError, type Revision, type StorageEvent } from './storage.ts';

export interface HistoryLimits {
  events: number;
  /** Estimated memory of the objects that only the history keeps alive. */
  bytes: number;
}

export const defaultHistoryLimits: HistoryLimits = { events: 10_000, bytes: 16 * 1024 * 1024 };

interface Remembered {
  event: StorageEvent;
  bytes: number;
}

export class History {
  private readonly limits: HistoryLimits;
  /** In order of revision, from `head` on. */
  private ring: Remembered[] = [];
  private head = 0;
  private bytes = 0;
  private oldestRevision: Revision;

  /** @param start the revision before the first event. */
  constructor(start: Revision, limits: HistoryLimits) {
    this.oldestRevision = start;
    this.limits = limits;
  }

  /** Everything after this revision is remembered. */
  get oldest(): Revision {
    return this.oldestRevision;
  }

  /** @param bytes what remembering it costs, an estimate. */
  append(event: StorageEvent, bytes: number): void {
    this.ring.push({ event, bytes });
    this.bytes += bytes;
    while (this.ring.length - this.head > this.limits.events || this.bytes > this.limits.bytes) this.forgetOldest();
    // Compacting when half is forgotten keeps this cheap on average.
    if (this.head > 64 && this.head * 2 > this.ring.length) {
      this.ring = this.ring.slice(this.head);
      this.head = 0;
    }
  }

  /**
   * Events after the revision, oldest first.
   * @throws RevisionExpiredError when some of them are forgotten.
   */
  *since(revision: Revision): Generator<StorageEvent> {
    for (let at = this.firstAfter(revision); at < this.ring.length; at++) yield this.ring[at]!.event;
  }

  /** The same, newest first. */
  *backTo(revision: Revision): Generator<StorageEvent> {
    const first = this.firstAfter(revision);
    for (let at = this.ring.length - 1; at >= first; at--) yield this.ring[at]!.event;
  }

  private firstAfter(revision: Revision): number {
    if (revision < this.oldestRevision) throw new RevisionExpiredError(revision, this.oldestRevision);
    let low = this.head;
    let high = this.ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ring[middle]!.event.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private forgetOldest(): void {
    const oldest = this.ring[this.head];
    if (!oldest) return;
    // The slot is overwritten so that the object can be collected before the next compaction.
    this.ring[this.head] = { event: forgotten, bytes: 0 };
    this.head += 1;
    this.bytes -= oldest.bytes;
    this.oldestRevision = oldest.event.revision;
  }
}

const forgotten: StorageEvent = { type: 'delete', key: '', revision: 0, object: {} };
