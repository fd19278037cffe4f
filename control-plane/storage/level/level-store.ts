import type { Clock } from '../../../machinery/clock.ts';
import type { Logger } from '../../../machinery/logger.ts';
import { defaultHistoryLimits } from '../history.ts';
import { ServingStore } from '../serving-store.ts';
import { translateOpenError } from './level-errors.ts';
import { LevelJournal } from './level-journal.ts';
import { loadDatabase, reserve } from './load-database.ts';

export interface LevelStoreOptions {
  /** Holds the database and nothing else; created when missing. One process at a time. */
  directory: string;
  clock: Clock;
  logger: Logger;
  /** Events kept for watches and lists of the past. Default 10,000. */
  historyEvents?: number;
  /** Estimated bytes kept for them. Default 16 MiB. */
  historyBytes?: number;
  /**
   * Revisions reserved on the disk at a time, and skipped by a restart. Memory-only writes cost a disk write only when a
   * block is used up, so it is large: 100 heartbeats a second use up the default in 2.7 hours. Default 1,000,000.
   */
  revisionBlock?: number;
}

/** The record of the cluster: every object in memory, every durable one also in LevelDB. */
export class LevelStore extends ServingStore {
  /**
   * Reads all objects and reserves revisions (the one write of a start).
   * @throws StorageDamagedError when anything is not as it was written, StorageUnavailableError when it cannot be opened now.
   */
  static async open({ directory, clock, logger, historyEvents, historyBytes, revisionBlock = 1_000_000 }: LevelStoreOptions): Promise<LevelStore> {
    const { database, objects, mark } = await loadDatabase(directory, logger);
    const start = Math.max(1, mark);
    try {
      await reserve(database, start + revisionBlock);
    } catch (error) {
      await database.close();
      throw translateOpenError(directory, error);
    }
    return new LevelStore({
      journal: new LevelJournal({ directory, database, clock, logger }),
      logger,
      history: { events: historyEvents ?? defaultHistoryLimits.events, bytes: historyBytes ?? defaultHistoryLimits.bytes },
      revisionBlock,
      mark: start + revisionBlock,
      start,
      loaded: objects,
    });
  }
}
