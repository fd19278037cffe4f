import { silentLogger, type Logger } from '../../machinery/logger.ts';
import { defaultHistoryLimits } from './history.ts';
import { nullJournal } from './journal.ts';
import { ServingStore } from './serving-store.ts';
import type { Storage } from './storage.ts';

export interface MemoryStoreOptions {
  logger?: Logger;
  /** Events kept for watches and lists of the past. Default 10,000. */
  historyEvents?: number;
  /** Estimated bytes kept for them. Default 16 MiB. */
  historyBytes?: number;
}

/** The same store as LevelStore without a disk: for tests, and for what may be lost. */
export function createMemoryStore({ logger = silentLogger, historyEvents, historyBytes }: MemoryStoreOptions = {}): Storage {
  return new ServingStore({
    journal: nullJournal,
    logger,
    history: { events: historyEvents ?? defaultHistoryLimits.events, bytes: historyBytes ?? defaultHistoryLimits.bytes },
    revisionBlock: Number.MAX_SAFE_INTEGER,
    mark: Number.MAX_SAFE_INTEGER,
    start: 1,
  });
}
