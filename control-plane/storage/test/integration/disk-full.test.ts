/** A disk that fills up: on a file system of its own, so root is needed for the mount. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ConfigMap } from '../../../../api/core.ts';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { LevelStore } from '../../level/level-store.ts';
import { StorageFailedError } from '../../storage.ts';
import { configMapKey, makeConfigMap } from '../../testing/make-config-map.ts';

const run = promisify(execFile);
let mountPoint: string;
let directory: string;
let filler: string;
let store: LevelStore;

const open = () => LevelStore.open({ directory, clock: systemClock, logger: silentLogger });

beforeEach(async () => {
  mountPoint = await mkdtemp(join(tmpdir(), 'bramble-disk-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', mountPoint]);
  directory = join(mountPoint, 'database');
  filler = join(mountPoint, 'filler');
  await mkdir(directory);
  store = await open();
});

afterEach(async () => {
  await store.close();
  await run('umount', [mountPoint]);
  await rm(mountPoint, { recursive: true });
});

function put(name: string, value: string) {
  const key = configMapKey(name);
  return store.commit([{ key, expected: store.get(key)?.revision ?? 0, object: makeConfigMap(name, value), durable: true }]);
}

/** Takes all space but so many bytes. */
async function fillUp(leaving: number): Promise<void> {
  const { bavail, bsize } = await statfs(mountPoint);
  await writeFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - leaving)));
}

function contents(): Map<string, string> {
  return new Map(store.list('').items.map(({ key, object }) => [key, (object as ConfigMap).data!['value']!]));
}

/** Writes distinct objects until the disk refuses. @returns those that were acknowledged. */
async function writeUntilFull(prefix: string): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>();
  for (let n = 0; n < 100_000; n += 4) {
    const names = [0, 1, 2, 3].map((offset) => `${prefix}-${n + offset}`);
    const outcomes = await Promise.allSettled(names.map((name) => put(name, `${name} ${'x'.repeat(1500)}`)));
    outcomes.forEach((outcome, index) => {
      const name = names[index]!;
      if (outcome.status === 'fulfilled') acknowledged.set(configMapKey(name), `${name} ${'x'.repeat(1500)}`);
      else expect(outcome.reason).toBeInstanceOf(StorageFailedError);
    });
    if (outcomes.some(({ status }) => status === 'rejected')) return acknowledged;
  }
  throw new Error('the disk never filled up');
}

test('writes fail, reads go on; with space again writes work, and a restart finds exactly what was acknowledged', async () => {
  await put('first', 'one');
  const expected = contents();
  for (let round = 0; round < 4; round++) {
    // An uneven amount, so that records are torn at different places.
    await fillUp(300_000 + round * 12_345);
    for (const [key, value] of await writeUntilFull(`round-${round}`)) expected.set(key, value);
    expect(contents()).toEqual(expected);
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(put('first', 'x'.repeat(1_000_000))).rejects.toBeInstanceOf(StorageFailedError);
    }
    const [beat] = await store.commit([{
      key: configMapKey('heartbeat'), expected: store.get(configMapKey('heartbeat'))?.revision ?? 0, object: makeConfigMap('heartbeat', 'volatile'), durable: false,
    }]);
    expect(store.get(configMapKey('heartbeat'))).toBe(beat);
    expected.set(configMapKey('heartbeat'), 'volatile');

    await rm(filler);
    await put('after', `round ${round}`);
    expected.set(configMapKey('after'), `round ${round}`);
    expect(contents()).toEqual(expected);
  }
  await store.close();
  store = await open();
  expected.delete(configMapKey('heartbeat'));
  expect(contents()).toEqual(expected);
});

test('a store that cannot reserve revisions does not open, and opens once there is space', async () => {
  await put('first', 'one');
  await store.close();
  await fillUp(0);
  await expect(open()).rejects.toMatchObject({ name: 'StorageUnavailableError', message: expect.stringContaining('free space') });
  await rm(filler);
  store = await open();
  expect(contents().get(configMapKey('first'))).toBe('one');
});
