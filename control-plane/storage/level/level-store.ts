import type { Clock } from '../../../machinery/clock.ts';
import type { Logger } from '../../../machinery/logger.ts';
import { EncryptionKeyError, KeyRing } from '../../encryption/key-ring.ts';
import { createRecordEncryption, type RecordEncryption } from '../../encryption/record-encryption.ts';
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
  /** Absent: everything is plain, and a database with encrypted records does not open. */
  encryption?: RecordEncryption | undefined;
}

/** Records of one write while everything is encrypted anew: others must not wait long. */
const rewriteBatch = 100;

const plainRecords = createRecordEncryption(KeyRing.empty, []);

/** The record of the cluster: every object in memory, every durable one also in LevelDB. */
export class LevelStore extends ServingStore {
  /**
   * Reads all objects and reserves revisions (the one write of a start).
   * @throws StorageDamagedError when anything is not as it was written, StorageUnavailableError when it cannot be opened now.
   */
  static async open({ directory, clock, logger, historyEvents, historyBytes, revisionBlock = 1_000_000, encryption = plainRecords }: LevelStoreOptions): Promise<LevelStore> {
    const { database, objects, mark, outdated } = await loadDatabase(directory, logger, encryption);
    const start = Math.max(1, mark);
    try {
      await reserve(database, start + revisionBlock);
      await encryption.prepare();
    } catch (error) {
      await database.close();
      throw error instanceof EncryptionKeyError ? error : translateOpenError(directory, error);
    }
    const journal = new LevelJournal({ directory, database, clock, logger, encryption });
    const store = new LevelStore({
      journal,
      logger,
      history: { events: historyEvents ?? defaultHistoryLimits.events, bytes: historyBytes ?? defaultHistoryLimits.bytes },
      revisionBlock,
      mark: start + revisionBlock,
      start,
      loaded: objects,
    });
    store.encryption = encryption;
    store.levelJournal = journal;
    try {
      if (outdated.length > 0 || encryption.hasOldKeys) await store.finishRotation(outdated, logger);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  private encryption: RecordEncryption = plainRecords;
  private levelJournal: LevelJournal | undefined;
  private rotating: Promise<number> | undefined;

  /**
   * Encrypts everything anew with a new key, then forgets the old ones. A crash at any moment leaves a database that opens:
   * old keys stay until all is rewritten, and the next start completes what was begun.
   * @returns how many records were rewritten.
   */
  rotateEncryption(logger: Logger): Promise<number> {
    this.rotating ??= this.rotate(logger).finally(() => { this.rotating = undefined; });
    return this.rotating;
  }

  private async rotate(logger: Logger): Promise<number> {
    await this.encryption.addKey();
    // What is written from here on has the new key; only what is there now needs it.
    const keys = this.list('').items.map(({ key }) => key).filter((key) => !this.encryption.isCurrent(key, ''));
    await this.finishRotation(keys, logger);
    return keys.length;
  }

  private async finishRotation(keys: readonly string[], logger: Logger): Promise<void> {
    for (let index = 0; index < keys.length; index += rewriteBatch) await this.rewrite(keys.slice(index, index + rewriteBatch));
    // Until then the files still hold what was there before.
    await this.levelJournal?.compact();
    await this.encryption.dropOldKeys();
    logger.info('Stored objects are encrypted anew', { records: keys.length });
  }
}
