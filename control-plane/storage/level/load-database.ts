/** Reads a whole database into memory and checks it, dropping nothing unless told to. */
import { access, rm } from 'node:fs/promises';
import type { Logger } from '../../../machinery/logger.ts';
import type { Revision, StoredObject } from '../storage.ts';
import { isLocked, levelCode, salvageFile, StorageDamagedError, StorageUnavailableError } from './level-errors.ts';
import { encodeMark, formatKey, markKey } from './level-journal.ts';
import { openDatabase, repairDatabase, type Database } from './open-database.ts';
import { EncryptionKeyError } from '../../encryption/key-ring.ts';
import type { RecordEncryption } from '../../encryption/record-encryption.ts';
import { decodeRecord, encodeRecord, recordHeader, verifyRecord } from './record.ts';
import { ValueSharing } from './value-sharing.ts';

export interface LoadedDatabase {
  database: Database;
  /** In key order. */
  objects: StoredObject[];
  /** No revision above it was ever visible. 0 in a new database. */
  mark: Revision;
  /** Keys of records that are not encrypted as they should be. */
  outdated: readonly string[];
}

interface Contents {
  objects: StoredObject[];
  /** Undefined: there is none. */
  format: string | undefined;
  mark: Revision | undefined;
  /** Key → what is wrong with it. */
  damaged: Map<string, string>;
  outdated: string[];
}

/** Changes when an older Bramble would misread the records. */
const format = '1';

/** @throws StorageDamagedError, StorageUnavailableError; the database is closed then. */
export async function loadDatabase(directory: string, logger: Logger, encryption?: RecordEncryption): Promise<LoadedDatabase> {
  const salvage = await exists(salvageFile(directory));
  const { database, contents } = salvage ? await openRepaired(directory, logger, encryption) : await openAndRead(directory, encryption);
  try {
    checkFormat(contents, directory);
    const mark = salvage ? await dropDamaged(database, contents, logger) : soundMark(contents, directory);
    if (salvage) await rm(salvageFile(directory));
    return { database, objects: contents.objects, mark, outdated: contents.outdated };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Reserves revisions up to `mark`; the only write of an undisturbed start. */
export async function reserve(database: Database, mark: Revision): Promise<void> {
  await database.batch([
    { type: 'put', key: formatKey, value: encodeRecord(formatKey, format) },
    { type: 'put', key: markKey, value: encodeMark(mark) },
  ], { sync: true });
}

interface OpenedDatabase {
  database: Database;
  contents: Contents;
}

async function openAndRead(directory: string, encryption: RecordEncryption | undefined): Promise<OpenedDatabase> {
  const database = await openDatabase(directory);
  try {
    return { database, contents: await readAll(database, directory, encryption) };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openRepaired(directory: string, logger: Logger, encryption: RecordEncryption | undefined): Promise<OpenedDatabase> {
  try {
    return await openAndRead(directory, encryption);
  } catch (error) {
    if (isLocked(error) || error instanceof EncryptionKeyError) throw error;
    logger.warn('Database cannot be read and is rebuilt from what is readable', { directory, error });
    await repairDatabase(directory);
    return openAndRead(directory, encryption);
  }
}

async function readAll(database: Database, directory: string, encryption: RecordEncryption | undefined): Promise<Contents> {
  const contents: Contents = { objects: [], format: undefined, mark: undefined, damaged: new Map(), outdated: [] };
  const sharing = new ValueSharing();
  const iterator = database.iterator({ fillCache: false });
  try {
    for (;;) {
      const entries = await iterator.nextv(1000);
      if (entries.length === 0) return contents;
      for (const [key, value] of entries) readOne(contents, { key, value, encryption, sharing });
    }
  } catch (error) {
    if (levelCode(error) === 'LEVEL_CORRUPTION') throw new StorageDamagedError(directory, (error as Error).message, [], { cause: error });
    throw error;
  } finally {
    await iterator.close();
  }
}

function readOne(contents: Contents, { key, value, encryption, sharing }: { key: string; value: string; encryption: RecordEncryption | undefined; sharing: ValueSharing }): void {
  try {
    if (key === formatKey) contents.format = verifyRecord(key, value);
    else if (key === markKey) contents.mark = Number(verifyRecord(key, value));
    else {
      contents.objects.push(decodeRecord(key, value, { encryption, sharing }));
      if (encryption && !encryption.isCurrent(key, value.slice(recordHeader))) contents.outdated.push(key);
    }
  } catch (error) {
    // What a key is missing for is not damaged: nothing may drop it.
    if (error instanceof EncryptionKeyError) throw error;
    contents.damaged.set(key, (error as Error).message);
  }
}

function checkFormat(contents: Contents, directory: string): void {
  if (contents.format === undefined || contents.format === format) return;
  throw new StorageUnavailableError(
    `the database ${directory} has format ${contents.format}, this Bramble knows ${format}: start the Bramble that wrote it, or a newer one`,
  );
}

/** @throws StorageDamagedError when anything is not as it was written. */
function soundMark({ objects, format: found, mark, damaged }: Contents, directory: string): Revision {
  if (damaged.size > 0) {
    const shown = [...damaged].slice(0, 5).map(([key, why]) => `${key} (${why})`);
    const more = damaged.size > shown.length ? ` and ${damaged.size - shown.length} more` : '';
    throw new StorageDamagedError(directory, `it cannot read ${shown.join(', ')}${more}`, [...damaged.keys()]);
  }
  if (objects.length > 0 && (found === undefined || mark === undefined)) {
    throw new StorageDamagedError(directory, `it has objects but no ${found === undefined ? formatKey : markKey}`, [found === undefined ? formatKey : markKey]);
  }
  const newest = newestRevision(objects);
  if (newest > (mark ?? 0)) throw new StorageDamagedError(directory, `it has revision ${newest} beyond its mark ${mark}`, [markKey]);
  return mark ?? 0;
}

/** @returns a mark that is beyond everything readable. */
async function dropDamaged(database: Database, { objects, mark, damaged }: Contents, logger: Logger): Promise<Revision> {
  for (const [key, why] of damaged) logger.error('Damaged object is dropped', { key, why });
  const dropped = [...damaged.keys()].filter((key) => key !== formatKey && key !== markKey);
  if (dropped.length > 0) await database.batch(dropped.map((key) => ({ type: 'del' as const, key })), { sync: true });
  logger.warn('Database is salvaged', { dropped: dropped.length, kept: objects.length });
  // Memory-only writes may have gone beyond what the objects show: be generous where the mark itself is lost.
  return Math.max(mark ?? 0, newestRevision(objects) + (mark === undefined && objects.length > 0 ? lostMarkGap : 0));
}

const lostMarkGap = 1_000_000_000;

function newestRevision(objects: readonly StoredObject[]): Revision {
  return objects.reduce((newest, { revision }) => Math.max(newest, revision), 0);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(() => true, () => false);
}
