import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../machinery/clock.ts';
import { createLogger, silentLogger } from '../../../../machinery/logger.ts';
import { salvageFile, StorageDamagedError } from '../../level/level-errors.ts';
import { LevelStore, type LevelStoreOptions } from '../../level/level-store.ts';
import { configMapKey, makeConfigMap } from '../../testing/make-config-map.ts';
import { storageContract } from '../../testing/storage-contract.ts';

function openStore(directory: string, options: Partial<LevelStoreOptions> = {}): Promise<LevelStore> {
  return LevelStore.open({ directory, clock: systemClock, logger: silentLogger, ...options });
}

storageContract('LevelStore', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bramble-storage-'));
  let store = await openStore(directory, { historyEvents: 50, revisionBlock: 100 });
  return {
    store,
    async reopen() {
      await store.close();
      store = await openStore(directory, { historyEvents: 50, revisionBlock: 100 });
      return store;
    },
    async dispose() {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}, { survives: true });

describe('LevelStore', () => {
  let parent: string;
  let directory: string;
  const open: LevelStore[] = [];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'bramble-storage-'));
    directory = join(parent, 'database');
  });

  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    await rm(parent, { recursive: true });
  });

  const start = async (options: Partial<LevelStoreOptions> = {}) => {
    const store = await openStore(directory, options);
    open.push(store);
    return store;
  };
  const put = async (store: LevelStore, name: string, durable = true) => {
    const key = configMapKey(name);
    const [stored] = await store.commit([{ key, expected: store.get(key)?.revision ?? 0, object: makeConfigMap(name), durable }]);
    return stored!;
  };
  /** Changes what is on the disk behind the store's back. */
  const tamper = async (change: (database: Level) => Promise<void>) => {
    const database = new Level(directory);
    await change(database);
    await database.close();
  };
  const logged = () => {
    const lines: string[] = [];
    return { lines, logger: createLogger({ level: 'debug', write: (line) => lines.push(line.slice(25)), now: () => systemClock.now() }) };
  };
  const bytesOnDisk = async () => {
    const files = await readdir(directory);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(directory, file))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  };

  test('is readable by its owner only', async () => {
    await start();
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  test('never gives a revision twice, although volatile writes used most of them', async () => {
    let last = 0;
    for (let life = 0; life < 4; life++) {
      const store = await openStore(directory, { revisionBlock: 8 });
      expect(store.revision).toBeGreaterThanOrEqual(last);
      for (let write = 0; write < 20; write++) {
        const { revision } = await put(store, `${life}-${write}`, false);
        expect(revision).toBeGreaterThan(last);
        last = revision;
      }
      await store.close();
    }
  });

  test('writes nothing for volatile objects within a block of revisions', async () => {
    const store = await start();
    const before = await bytesOnDisk();
    for (let write = 0; write < 500; write++) await put(store, `heartbeat-${write % 10}`, false);
    await store.commit([{ key: configMapKey('heartbeat-1'), expected: store.get(configMapKey('heartbeat-1'))!.revision, object: undefined, durable: true }]);
    expect(await bytesOnDisk()).toBe(before);
  });

  test('serves ten thousand objects after a restart, in order', async () => {
    const first = await openStore(directory);
    await Promise.all(Array.from({ length: 10_000 }, (_, at) => put(first, `object-${(at * 7919) % 10_000}`)));
    await first.close();
    const store = await start();
    const { items } = store.list('core/configmaps/');
    expect(items).toHaveLength(10_000);
    expect(items.map(({ key }) => key)).toEqual(items.map(({ key }) => key).sort());
  });

  test('refuses a directory that another process or store has open', async () => {
    await start();
    await expect(openStore(directory)).rejects.toThrow(`the database ${directory} is in use by another process`);
  });

  test('refuses to open where a value is damaged, naming it, and leaves everything as it was', async () => {
    const first = await openStore(directory);
    const sound = await put(first, 'sound');
    await put(first, 'bad');
    await first.close();
    await tamper(async (database) => {
      const value = await database.get(configMapKey('bad'));
      await database.put(configMapKey('bad'), value.replace('"default"', '"defaulu"'));
    });
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await openStore(directory).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StorageDamagedError);
      expect((error as StorageDamagedError).keys).toEqual([configMapKey('bad')]);
      expect((error as Error).message).toContain(`it cannot read ${configMapKey('bad')} (its checksum differs)`);
      expect((error as Error).message).toContain(salvageFile(directory));
    }
    await writeFile(salvageFile(directory), '');
    const { lines, logger } = logged();
    const store = await start({ logger });
    expect(store.list('').items).toEqual([sound]);
    expect(lines).toContain(`error Damaged object is dropped key=${configMapKey('bad')} why="its checksum differs"`);
    await store.close();
    expect((await start()).list('').items).toEqual([sound]);
  });

  test.each([
    ['torn', (value: string) => value.slice(0, 40)],
    ['empty', () => ''],
    ['for another key', (value: string) => value.replace('x', 'y')],
  ])('does not take a value that is %s', async (_, damage) => {
    const first = await openStore(directory);
    await put(first, 'x');
    await first.close();
    await tamper(async (database) => {
      const value = await database.get(configMapKey('x'));
      await database.put(configMapKey('x'), damage(value));
    });
    await expect(openStore(directory)).rejects.toMatchObject({ name: 'StorageDamagedError', keys: [configMapKey('x')] });
  });

  test('refuses a database without its mark; salvaging it still gives no revision twice', async () => {
    const first = await openStore(directory, { revisionBlock: 100 });
    const { revision } = await put(first, 'a');
    await first.close();
    await tamper((database) => database.del('!revision'));
    await expect(openStore(directory)).rejects.toThrow('no !revision');
    await writeFile(salvageFile(directory), '');
    const store = await start();
    expect(store.get(configMapKey('a'))?.revision).toBe(revision);
    expect(store.revision).toBeGreaterThan(revision + 100);
  });

  /** The newest file of a kind in the database. */
  const fileNamed = async (pattern: RegExp) => join(directory, (await readdir(directory)).filter((file) => pattern.test(file)).sort().at(-1)!);

  test.each<[string, () => Promise<void>, string]>([
    ['its file CURRENT is missing', () => rm(join(directory, 'CURRENT')), 'StorageDamagedError'],
    ['its file CURRENT is empty', () => writeFile(join(directory, 'CURRENT'), ''), 'StorageDamagedError'],
    ['its manifest is missing', async () => rm(await fileNamed(/^MANIFEST/)), 'StorageUnavailableError'],
    ['its manifest is cut off', async () => truncate(await fileNamed(/^MANIFEST/), 20), 'StorageDamagedError'],
    ['a table is missing', async () => rm(await fileNamed(/0005\.ldb$/)), 'StorageDamagedError'],
    ['a table is all zeros', async () => {
      const file = await fileNamed(/0005\.ldb$/);
      await writeFile(file, Buffer.alloc((await stat(file)).size));
    }, 'StorageDamagedError'],
  ])('refuses a database where %s, and rebuilds what is readable when told to', async (_, damage, name) => {
    await (await openStore(directory)).close();
    await (await openStore(directory)).close();
    const first = await openStore(directory);
    const stored = await put(first, 'a');
    await first.close();
    expect(await readdir(directory)).toContain('000005.ldb');
    await damage();
    const error = await openStore(directory).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name, message: expect.stringContaining(salvageFile(directory)) });
    await writeFile(salvageFile(directory), '');
    expect((await start()).get(stored.key)).toEqual(stored);
  });

  test('refuses a format it does not know', async () => {
    const first = await openStore(directory);
    await first.close();
    const { encodeRecord } = await import('../../level/record.ts');
    await tamper((database) => database.put('!format', encodeRecord('!format', '2')));
    await expect(openStore(directory)).rejects.toThrow('has format 2, this Bramble knows 1');
  });

  test('says why a directory cannot be used', async () => {
    await writeFile(join(parent, 'file'), '');
    await expect(openStore(join(parent, 'file', 'database'))).rejects.toMatchObject({ name: 'StorageUnavailableError' });
  });
});
