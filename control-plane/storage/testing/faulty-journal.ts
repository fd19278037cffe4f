import type { Journal, JournalBatch } from '../journal.ts';

/** A disk in a map that can be told to wait and to refuse. */
export class FaultyJournal implements Journal {
  readonly records = new Map<string, string>();
  mark = 0;
  writes = 0;
  /** Writes fail (only so many times, where given); what they carried is on the disk all the same where `leaving`. */
  refusing: { leaving: boolean; times?: number } | undefined;
  /** While set, writes wait. */
  private held: { promise: Promise<void>; release: () => void } | undefined;

  hold(): void {
    let release = () => {};
    const promise = new Promise<void>((resolve) => { release = resolve; });
    this.held = { promise, release };
  }

  release(): void {
    this.held?.release();
    this.held = undefined;
  }

  async write({ records, mark }: JournalBatch): Promise<void> {
    this.writes += 1;
    await this.held?.promise;
    const { refusing } = this;
    if (refusing?.times !== undefined) {
      refusing.times -= 1;
      if (refusing.times === 0) this.refusing = undefined;
    }
    if (!refusing || refusing.leaving) {
      for (const { key, value } of records) {
        if (value === undefined) this.records.delete(key);
        else this.records.set(key, value);
      }
      if (mark !== undefined) this.mark = mark;
    }
    if (refusing) throw new Error('no space left on device');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
