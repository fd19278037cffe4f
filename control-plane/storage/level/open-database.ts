import { mkdir, open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Level } from 'level';
import { StorageDamagedError, translateOpenError } from './level-errors.ts';

export type Database = Level;

/** Objects are read once, at the start: a cache of blocks would only take memory. */
const options = { cacheSize: 0, maxOpenFiles: 64 };

/**
 * Opens or creates it, readable by its owner only (it holds Secrets).
 * @throws StorageDamagedError, StorageUnavailableError.
 */
export async function openDatabase(directory: string): Promise<Database> {
  try {
    const created = await mkdir(directory, { recursive: true, mode: 0o700 });
    await checkNotHeadless(directory);
    const database = new Level(directory, options);
    await database.open();
    if (created !== undefined) await syncDirectory(dirname(created));
    return database;
  } catch (error) {
    throw translateOpenError(directory, error);
  }
}

/** LevelDB would begin anew where its file CURRENT is lost, and remove what is there. */
async function checkNotHeadless(directory: string): Promise<void> {
  const files = await readdir(directory);
  if (files.includes('CURRENT') || !files.some((file) => /\.(ldb|sst|log)$/.test(file))) return;
  throw new StorageDamagedError(directory, 'its file CURRENT is missing');
}

const lastKey = '\uffff';

/**
 * LevelDB keeps what was overwritten until it merges its files; this makes it merge all of them, its log too.
 * @param firstKey an existing key that sorts before all others.
 */
export async function compactDatabase(database: Database, firstKey: string): Promise<void> {
  // The types of `level` leave out what only its version for Node has.
  const whole = database as unknown as { compactRange(start: string, end: string): Promise<void>; get(key: string): Promise<string | undefined> };
  await whole.compactRange('', lastKey);
  // The log became a file as it was, old versions and all, and LevelDB merges the lowest files only with newer ones that
  // overlap them. So it gets one that overlaps everything and changes nothing.
  const value = await whole.get(firstKey);
  if (value !== undefined) await database.batch([{ type: 'put', key: firstKey, value }, { type: 'del', key: lastKey }], { sync: true });
  await whole.compactRange('', lastKey);
}

/** LevelDB rebuilds what it can from its files. */
export async function repairDatabase(directory: string): Promise<void> {
  // The types of `level` leave out the static methods, which only its version for Node has.
  await (Level as unknown as { repair(directory: string): Promise<void> }).repair(directory);
}

/** A new directory survives a power cut only once its parent is on the disk. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
