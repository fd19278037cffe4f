/** Where committed objects survive: the part of a store that knows a disk. */
import type { Revision } from './storage.ts';

export interface JournalRecord {
  key: string;
  /** The object as JSON; undefined deletes the key. */
  value: string | undefined;
}

export interface JournalBatch {
  records: readonly JournalRecord[];
  /** Reserve all revisions up to this one. */
  mark?: Revision;
}

export interface Journal {
  /**
   * All of the batch or nothing, on the disk when this resolves. One call at a time.
   * @throws when the disk refused. Whether it has the batch is not known then; a later call may succeed again.
   */
  write(batch: JournalBatch): Promise<void>;
  close(): Promise<void>;
}

/** Remembers nothing. */
export const nullJournal: Journal = {
  write: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
