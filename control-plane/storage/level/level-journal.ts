/**
 * The journal on LevelDB. A batch is one write of LevelDB with sync, so it is on the disk as a whole or not at all.
 *
 * After a refused write LevelDB must not be used further: it may have left half a record in its log, and what is written
 * behind that is acknowledged but lost at the next recovery. So the database is closed, and opened anew (which recovers up
 * to the damage and begins a new log) before the next write.
 */
import type { Clock } from '../../../machinery/clock.ts';
import type { Logger } from '../../../machinery/logger.ts';
import type { Journal, JournalBatch } from '../journal.ts';
import type { Revision } from '../storage.ts';
import type { RecordEncryption } from '../../encryption/record-encryption.ts';
import { compactDatabase, openDatabase, type Database } from './open-database.ts';
import { encodeRecord } from './record.ts';

export interface LevelJournalOptions {
  directory: string;
  database: Database;
  clock: Clock;
  logger: Logger;
  /** Absent: everything is plain. */
  encryption?: Pick<RecordEncryption, 'seal'> | undefined;
}

/** Keys that are no objects; `!` sorts before every API group. */
export const formatKey = '!format';
export const markKey = '!revision';

/** A write that takes longer is worth a line, at most one a minute. */
const slowWriteMs = 1000;
const slowWriteQuietMs = 60_000;

export class LevelJournal implements Journal {
  private readonly directory: string;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly encryption: LevelJournalOptions['encryption'];
  /** Undefined after a refused write. */
  private database: Database | undefined;
  private quietUntil = 0;

  constructor({ directory, database, clock, logger, encryption }: LevelJournalOptions) {
    this.encryption = encryption;
    this.directory = directory;
    this.database = database;
    this.clock = clock;
    this.logger = logger;
  }

  async write(batch: JournalBatch): Promise<void> {
    const database = this.database ?? await this.recover();
    const begin = this.clock.monotonic();
    try {
      await database.batch(operationsOf(batch, this.encryption), { sync: true });
    } catch (error) {
      this.logger.error('Disk refused a write', { directory: this.directory, error });
      await this.abandon(database);
      throw error;
    }
    this.noteDuration(this.clock.monotonic() - begin, batch.records.length);
  }

  /** Removes from the files what was overwritten or deleted. */
  async compact(): Promise<void> {
    await compactDatabase(this.database ?? await this.recover(), formatKey);
  }

  async close(): Promise<void> {
    await this.database?.close();
    this.database = undefined;
  }

  private async recover(): Promise<Database> {
    const database = await openDatabase(this.directory);
    this.logger.info('Database opened again after a refused write', { directory: this.directory });
    this.database = database;
    return database;
  }

  private async abandon(database: Database): Promise<void> {
    this.database = undefined;
    try {
      await database.close();
    } catch (error) {
      this.logger.debug('Closing after a refused write failed', { error });
    }
  }

  private noteDuration(milliseconds: number, records: number): void {
    const now = this.clock.monotonic();
    if (milliseconds < slowWriteMs || now < this.quietUntil) return;
    this.quietUntil = now + slowWriteQuietMs;
    this.logger.warn('Disk is slow', { directory: this.directory, milliseconds: Math.round(milliseconds), records });
  }
}

type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

function operationsOf({ records, mark }: JournalBatch, encryption: LevelJournalOptions['encryption']): Operation[] {
  const operations = records.map(({ key, value }): Operation =>
    value === undefined ? { type: 'del', key } : { type: 'put', key, value: encodeRecord(key, encryption ? encryption.seal(key, value) : value) });
  if (mark !== undefined) operations.push({ type: 'put', key: markKey, value: encodeMark(mark) });
  return operations;
}

export function encodeMark(mark: Revision): string {
  return encodeRecord(markKey, String(mark));
}
