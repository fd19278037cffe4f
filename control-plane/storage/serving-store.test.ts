import { beforeEach, describe, expect, test } from 'vitest';
import type { ConfigMap } from '../../api/core.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { ServingStore } from './serving-store.ts';
import { KeyConflictError, StorageFailedError } from './storage.ts';
import { FaultyJournal } from './testing/faulty-journal.ts';
import { configMapKey, makeConfigMap } from './testing/make-config-map.ts';
import { RecordingWatcher } from './testing/recording-watcher.ts';

let journal: FaultyJournal;
let store: ServingStore;

beforeEach(() => {
  journal = new FaultyJournal();
  store = open(100);
});

function open(revisionBlock: number): ServingStore {
  return new ServingStore({ journal, logger: silentLogger, history: { events: 100, bytes: 1_000_000 }, revisionBlock, mark: 1 + revisionBlock, start: 1 });
}

function put(name: string, value = '', options: { durable?: boolean; expected?: number } = {}) {
  const key = configMapKey(name);
  const { durable = true, expected = store.get(key)?.revision ?? 0 } = options;
  return store.commit([{ key, expected, object: makeConfigMap(name, value), durable }]);
}

function remove(name: string, durable = true) {
  const key = configMapKey(name);
  return store.commit([{ key, expected: store.get(key)!.revision, object: undefined, durable }]);
}

/** name → value of what readers see. */
function visible(): Record<string, string> {
  return Object.fromEntries(store.list('').items.map(({ object }) => [object.metadata!.name!, (object as ConfigMap).data!['value']!]));
}

/** name → value of what the disk has. */
function onDisk(): Record<string, string> {
  return Object.fromEntries([...journal.records].map(([key, json]) => [key.split('/')[3]!, (JSON.parse(json) as ConfigMap).data!['value']!]));
}

/** Lets everything that does not wait for the journal happen. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe('group commit', () => {
  test('commits that come during a write share the next one', async () => {
    journal.hold();
    const all = [put('a')];
    await turns();
    for (const name of ['b', 'c', 'd']) all.push(put(name));
    journal.release();
    await Promise.all(all);
    expect(journal.writes).toBe(2);
    expect(Object.keys(onDisk())).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a key that changes twice in a batch is written once, as it was last', async () => {
    await put('a', 'old');
    journal.hold();
    const all: Promise<unknown>[] = [put('first')];
    await turns();
    all.push(remove('a'), put('a', 'new', { expected: 0 }));
    journal.release();
    await Promise.all(all);
    expect(visible()['a']).toBe('new');
    expect(onDisk()['a']).toBe('new');
  });

  test('a volatile write waits for the durable ones in front of it', async () => {
    journal.hold();
    const durable = put('a');
    let done = false;
    const volatile = put('b', '', { durable: false }).then(() => { done = true; });
    await turns();
    expect(done).toBe(false);
    journal.release();
    await Promise.all([durable, volatile]);
    expect(Object.keys(onDisk())).toEqual(['a']);
  });

  test('a conflict with a write under way waits for it, then shows it', async () => {
    journal.hold();
    const first = put('a', 'one');
    let conflict: unknown;
    const second = put('a', 'two').catch((error: unknown) => { conflict = error; });
    await turns();
    expect(conflict).toBeUndefined();
    journal.release();
    await Promise.all([first, second]);
    expect(conflict).toBeInstanceOf(KeyConflictError);
    expect((conflict as KeyConflictError).current).toBe(store.get(configMapKey('a')));
  });
});

describe('volatile keys and the disk', () => {
  test('a volatile change leaves the last durable state on the disk', async () => {
    await put('a', 'durable');
    await put('a', 'volatile', { durable: false });
    expect([visible(), onDisk()]).toEqual([{ a: 'volatile' }, { a: 'durable' }]);
  });

  test('deleting a key that is on the disk deletes it there, however it is asked', async () => {
    await put('a', 'durable');
    await put('a', 'volatile', { durable: false });
    await remove('a', false);
    expect(onDisk()).toEqual({});
  });

  test('deleting a key that is not on the disk writes nothing', async () => {
    await put('a', '', { durable: false });
    await remove('a', true);
    expect(journal.writes).toBe(0);
    expect(visible()).toEqual({});
  });

  test('deleting a key whose durable write is under way deletes it on the disk', async () => {
    await put('a', 'volatile', { durable: false });
    journal.hold();
    const all: Promise<unknown>[] = [put('b'), remove('a', false), put('a', 'durable', { expected: 0 })];
    await turns();
    journal.release();
    await Promise.all(all);
    await remove('a', false);
    expect(onDisk()).toEqual({ b: '' });
  });
});

describe('a refusing disk', () => {
  test('fails the batch, shows nothing of it, and works again when the disk does', async () => {
    await put('kept', 'one');
    const { revision } = store;
    const watcher = new RecordingWatcher();
    store.watch('', revision, watcher);
    journal.refusing = { leaving: false };
    const results = await Promise.allSettled([put('a'), put('b'), put('kept', 'two'), store.commit([])]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
    expect(results[0]).toMatchObject({ reason: expect.any(StorageFailedError) });
    expect((results[0] as PromiseRejectedResult).reason).toMatchObject({ message: 'the disk refused a write: no space left on device', cause: expect.any(Error) });
    expect([visible(), store.revision, watcher.all]).toEqual([{ kept: 'one' }, revision, []]);
    expect(store.failure?.message).toBe('the disk refused a write: no space left on device');
    journal.refusing = undefined;
    await put('kept', 'three');
    expect(store.failure).toBeUndefined();
    expect([visible(), onDisk()]).toEqual([{ kept: 'three' }, { kept: 'three' }]);
    expect(watcher.all).toHaveLength(1);
  });

  test('never uses the revisions of failed commits', async () => {
    journal.refusing = { leaving: true };
    await Promise.allSettled([put('a'), put('b'), put('c')]);
    journal.refusing = undefined;
    await put('d');
    expect(store.revision).toBe(5);
  });

  test('fails what was checked against the failed write, and keeps what was not', async () => {
    await put('a', 'one');
    journal.hold();
    const failing = remove('a');
    await turns();
    const dependent = put('a', 'two', { expected: 0 });
    const independent = put('b', 'one');
    journal.refusing = { leaving: false, times: 1 };
    journal.release();
    const outcomes = await Promise.allSettled([failing, dependent, independent]);
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: expect.any(StorageFailedError) }, { status: 'rejected', reason: expect.any(StorageFailedError) }, { status: 'fulfilled' },
    ]);
    expect([visible(), onDisk()]).toEqual([{ a: 'one', b: 'one' }, { a: 'one', b: 'one' }]);
  });

  test('a conflict with a write that fails is no conflict: the commit is tried', async () => {
    journal.hold();
    const failing = put('a', 'one');
    await turns();
    const second = put('a', 'two');
    journal.refusing = { leaving: false, times: 1 };
    journal.release();
    await expect(failing).rejects.toBeInstanceOf(StorageFailedError);
    await second;
    expect([visible(), onDisk()]).toEqual([{ a: 'two' }, { a: 'two' }]);
  });

  test('does not stop volatile writes', async () => {
    journal.refusing = { leaving: false };
    const [failed, beat] = await Promise.allSettled([put('a'), put('heartbeat', '', { durable: false })]);
    expect([failed.status, beat.status]).toEqual(['rejected', 'fulfilled']);
    expect(visible()).toEqual({ heartbeat: '' });
  });

  test('overwrites what a refused write may have left, before it writes anything else', async () => {
    await put('changed', 'old');
    await put('deleted', 'old');
    await put('beating', 'durable');
    await put('beating', 'volatile', { durable: false });
    journal.refusing = { leaving: true };
    await Promise.allSettled([put('new'), put('changed', 'lost'), remove('deleted'), put('beating', 'lost')]);
    expect(onDisk()).toEqual({ new: '', changed: 'lost', beating: 'lost' });
    journal.refusing = undefined;
    await put('other', 'one');
    expect(onDisk()).toEqual({ changed: 'old', deleted: 'old', beating: 'durable', other: 'one' });
    expect(visible()).toEqual({ changed: 'old', deleted: 'old', beating: 'volatile', other: 'one' });
  });

  test('keeps trying to overwrite while the disk refuses that too', async () => {
    journal.refusing = { leaving: true };
    await put('left').catch(() => undefined);
    journal.refusing = { leaving: false };
    await put('never written').catch(() => undefined);
    expect(onDisk()).toEqual({ left: '' });
    journal.refusing = undefined;
    await put('other');
    expect(onDisk()).toEqual({ other: '' });
  });
});

describe('the reservation of revisions', () => {
  test('goes to the disk before a revision beyond it is visible, also for volatile writes', async () => {
    store = open(5);
    for (let write = 0; write < 30; write++) {
      await put('heartbeat', String(write), { durable: false });
      expect(store.revision).toBeLessThanOrEqual(Math.max(6, journal.mark));
    }
    expect(journal.writes).toBeLessThanOrEqual(5);
  });

  test('is renewed along with a durable write when it runs low', async () => {
    store = open(10);
    for (let write = 0; write < 40; write++) await put('a', String(write));
    expect(journal.writes).toBe(40);
    expect(journal.mark).toBeGreaterThan(store.revision);
  });

  test('that the disk refuses fails what would go beyond it', async () => {
    store = open(2);
    journal.refusing = { leaving: false };
    await put('heartbeat', '1', { durable: false });
    await put('heartbeat', '2', { durable: false });
    await expect(put('heartbeat', '3', { durable: false })).rejects.toBeInstanceOf(StorageFailedError);
    expect(visible()).toEqual({ heartbeat: '2' });
    journal.refusing = undefined;
    await put('heartbeat', '4', { durable: false });
    expect(visible()).toEqual({ heartbeat: '4' });
  });
});

describe('an object that cannot be stored', () => {
  test('fails its own commit only', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const bad = store.commit([{ key: configMapKey('bad'), expected: 0, object: { ...makeConfigMap('bad'), ...cyclic }, durable: true }]);
    await Promise.all([put('good'), expect(bad).rejects.toThrow('circular')]);
    expect(visible()).toEqual({ good: '' });
  });
});

describe('history', () => {
  test('is bounded in bytes', async () => {
    store = new ServingStore({ journal, logger: silentLogger, history: { events: 1000, bytes: 10_000 }, revisionBlock: 1000, mark: 1001, start: 1 });
    const first = store.revision;
    await put('a', 'x'.repeat(6000));
    store.watch('', first, new RecordingWatcher());
    await put('a', 'y'.repeat(6000));
    expect(() => store.watch('', first, new RecordingWatcher())).toThrow('too old resource version');
    const watcher = new RecordingWatcher();
    store.watch('', store.revision - 1, watcher);
    expect(watcher.all).toHaveLength(1);
  });

  test('counts what a deletion keeps alive', async () => {
    store = new ServingStore({ journal, logger: silentLogger, history: { events: 1000, bytes: 10_000 }, revisionBlock: 1000, mark: 1001, start: 1 });
    await put('a', 'x'.repeat(6000));
    await put('b', 'x'.repeat(6000));
    const since = store.revision;
    await remove('a');
    store.watch('', since, new RecordingWatcher());
    await remove('b');
    expect(() => store.watch('', since, new RecordingWatcher())).toThrow('too old resource version');
  });
});
