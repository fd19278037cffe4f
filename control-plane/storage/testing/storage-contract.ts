/** What every implementation of Storage must do. Call it in a test file of the implementation. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigMap } from '../../../api/core.ts';
import { KeyConflictError, RevisionExpiredError, type Mutation, type Storage, type StoredObject } from '../storage.ts';
import { configMapKey, makeConfigMap } from './make-config-map.ts';
import { RecordingWatcher } from './recording-watcher.ts';
import { storageModelTest } from './storage-model.ts';

export interface StorageUnderTest {
  store: Storage;
  /** Closes and opens again on the same disk; absent where nothing survives. */
  reopen?(): Promise<Storage>;
  dispose(): Promise<void>;
}

/**
 * @param open gives an empty store that remembers at most 50 events.
 * @param survives the store can be reopened.
 */
export function storageContract(name: string, open: () => Promise<StorageUnderTest>, { survives = false } = {}): void {
  describe(`${name} keeps the storage contract`, () => {
    let subject: StorageUnderTest;
    let store: Storage;

    beforeEach(async () => {
      subject = await open();
      store = subject.store;
    });

    afterEach(async () => {
      await subject.dispose();
    });

    const put = async (name: string, value = '', options: { durable?: boolean; namespace?: string } = {}): Promise<StoredObject> => {
      const key = configMapKey(name, options.namespace);
      const expected = store.get(key)?.revision ?? 0;
      const [stored] = await store.commit([{ key, expected, object: makeConfigMap(name, value, options.namespace), durable: options.durable ?? true }]);
      return stored!;
    };
    const remove = async (name: string, durable = true) => {
      const key = configMapKey(name);
      return store.commit([{ key, expected: store.get(key)!.revision, object: undefined, durable }]);
    };
    const valueOf = (stored: StoredObject | undefined) => (stored?.object as ConfigMap | undefined)?.data?.['value'];
    const names = (items: readonly StoredObject[]) => items.map(({ object }) => object.metadata!.name);
    const createOf = (name: string, value = '', durable = true): Mutation => ({ key: configMapKey(name), expected: 0, object: makeConfigMap(name, value), durable });

    describe('commit', () => {
      test('stores an object with its revision as resourceVersion', async () => {
        const before = store.revision;
        const stored = await put('a', 'one');
        expect(stored.revision).toBeGreaterThan(before);
        expect(stored).toEqual({
          key: configMapKey('a'), revision: stored.revision,
          object: { ...makeConfigMap('a', 'one'), metadata: { namespace: 'default', name: 'a', resourceVersion: String(stored.revision) } },
        });
        expect(store.get(configMapKey('a'))).toEqual(stored);
        expect(store.revision).toBe(stored.revision);
      });

      test('freezes what it stores throughout, also parts shared with the version before', async () => {
        const first = await put('a', 'one');
        const labelled = { ...first.object, metadata: { ...first.object.metadata, labels: { tier: 'web' } } };
        const [second] = await store.commit([{ key: first.key, expected: first.revision, object: labelled, durable: true }]);
        for (const value of [second!.object, second!.object.metadata, second!.object.metadata!.labels, (second!.object as ConfigMap).data]) {
          expect(Object.isFrozen(value)).toBe(true);
        }
      });

      test('gives each mutation a revision of its own, in the order given', async () => {
        const [a, b] = await store.commit([createOf('a'), createOf('b')]);
        expect(b!.revision).toBeGreaterThan(a!.revision);
        expect(store.revision).toBe(b!.revision);
      });

      test('shows nothing before it resolves', async () => {
        const revision = store.revision;
        const watcher = new RecordingWatcher();
        store.watch('', revision, watcher);
        const commit = store.commit([createOf('a')]);
        expect(store.get(configMapKey('a'))).toBeUndefined();
        expect(store.revision).toBe(revision);
        expect(watcher.all).toEqual([]);
        await commit;
        expect(watcher.all).toHaveLength(1);
      });

      test('deletes, and gives undefined for it', async () => {
        await put('a');
        expect(await remove('a')).toEqual([undefined]);
        expect(store.get(configMapKey('a'))).toBeUndefined();
        expect(store.list('core/configmaps/').items).toEqual([]);
      });

      test.each([['durable', true], ['volatile', false]])('refuses a stale expectation and changes nothing (%s)', async (_, durable) => {
        const stored = await put('a', 'one', { durable });
        const stale = { key: stored.key, expected: stored.revision - 1, object: makeConfigMap('a', 'two'), durable };
        const error = await store.commit([createOf('b', '', durable), stale]).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(KeyConflictError);
        expect(error).toMatchObject({ key: stored.key, current: stored });
        expect(store.get(stored.key)).toBe(stored);
        expect(store.get(configMapKey('b'))).toBeUndefined();
      });

      test('refuses to create what exists, and to change or delete what does not', async () => {
        const stored = await put('a');
        await expect(store.commit([createOf('a')])).rejects.toBeInstanceOf(KeyConflictError);
        for (const object of [makeConfigMap('b'), undefined]) {
          const error = await store.commit([{ key: configMapKey('b'), expected: stored.revision, object, durable: true }]).catch((reason: unknown) => reason);
          expect(error).toMatchObject({ name: 'KeyConflictError', key: configMapKey('b'), current: undefined });
        }
      });

      test('of writes that race exactly one wins, and the losers can see its result', async () => {
        const stored = await put('a', 'start');
        const seen: (string | undefined)[] = [];
        const race = ['one', 'two', 'three'].map(async (value) => {
          try {
            await store.commit([{ key: stored.key, expected: stored.revision, object: makeConfigMap('a', value), durable: true }]);
            return value;
          } catch (error) {
            seen.push(valueOf((error as KeyConflictError).current), valueOf(store.get(stored.key)));
            return undefined;
          }
        });
        const winners = (await Promise.all(race)).filter((value) => value !== undefined);
        expect(winners).toEqual(['one']);
        expect(seen).toEqual(['one', 'one', 'one', 'one']);
      });

      test('a read-change-write loop over many writers loses no update', async () => {
        await put('counter', '0');
        const key = configMapKey('counter');
        const increment = async (): Promise<void> => {
          for (;;) {
            const current = store.get(key)!;
            try {
              await store.commit([{ key, expected: current.revision, object: makeConfigMap('counter', String(Number(valueOf(current)) + 1)), durable: true }]);
              return;
            } catch (error) {
              if (!(error instanceof KeyConflictError)) throw error;
            }
          }
        };
        await Promise.all(Array.from({ length: 20 }, increment));
        expect(valueOf(store.get(key))).toBe('20');
      });

      test('a key may be made again while its deletion is under way', async () => {
        const stored = await put('a', 'old');
        const [, [again]] = await Promise.all([remove('a'), store.commit([createOf('a', 'new')])]);
        expect(again!.revision).toBeGreaterThan(stored.revision + 1);
        expect(valueOf(store.get(stored.key))).toBe('new');
      });

      test('keeps the order of volatile and durable writes', async () => {
        const watcher = new RecordingWatcher();
        store.watch('', store.revision, watcher);
        const order = ['a', 'b', 'c', 'd', 'e', 'f'];
        await Promise.all(order.map((name, at) => store.commit([createOf(name, '', at % 2 === 0)])));
        expect(watcher.all.map((event) => event.object.metadata!.name)).toEqual(order);
        const revisions = watcher.all.map((event) => event.revision);
        expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      });

      test('refuses a commit that names a key twice', async () => {
        await expect(store.commit([createOf('a'), createOf('a')])).rejects.toThrow('twice');
        expect(store.get(configMapKey('a'))).toBeUndefined();
      });

      test('of nothing is nothing', async () => {
        const revision = store.revision;
        expect(await store.commit([])).toEqual([]);
        expect(store.revision).toBe(revision);
      });
    });

    describe('list', () => {
      beforeEach(async () => {
        await put('b', '1');
        await put('a', '1');
        await put('a', '1', { namespace: 'other' });
        await put('c', '1', { durable: false });
        await store.commit([{ key: 'core/secrets/default/a', expected: 0, object: makeConfigMap('a'), durable: true }]);
        await store.commit([{ key: 'core/configmapsets/default/a', expected: 0, object: makeConfigMap('a'), durable: true }]);
      });

      test('gives a kind or a namespace of it in key order', () => {
        expect(store.list('core/configmaps/').items.map(({ key }) => key)).toEqual([
          'core/configmaps/default/a', 'core/configmaps/default/b', 'core/configmaps/default/c', 'core/configmaps/other/a',
        ]);
        expect(names(store.list('core/configmaps/default/').items)).toEqual(['a', 'b', 'c']);
        expect(store.list('core/configmaps/none/')).toEqual({ items: [], revision: store.revision, remaining: 0 });
        expect(store.list('core/pods/').items).toEqual([]);
        expect(store.list('').items).toHaveLength(6);
      });

      test('pages with limit and after', () => {
        const first = store.list('core/configmaps/', { limit: 3 });
        expect([names(first.items), first.remaining]).toEqual([['a', 'b', 'c'], 1]);
        const second = store.list('core/configmaps/', { limit: 3, after: first.items.at(-1)!.key });
        expect([names(second.items), second.remaining]).toEqual([['a'], 0]);
        expect(store.list('core/configmaps/', { after: 'core/configmaps/default/aa', limit: 1 }).items[0]?.key).toBe('core/configmaps/default/b');
        expect(store.list('core/configmaps/', { after: 'core/configmaps/zzz' })).toMatchObject({ items: [], remaining: 0 });
      });

      test('shows an older revision: changes, creations and deletions undone', async () => {
        const at = store.revision;
        const before = store.list('core/configmaps/');
        await put('a', '2');
        await put('a', '3');
        await put('d', '1');
        await remove('b');
        await remove('c', false);
        await put('c', 'again', { durable: false });
        expect(store.list('core/configmaps/', { at })).toEqual({ ...before, revision: at });
        const page = store.list('core/configmaps/', { at, limit: 2, after: 'core/configmaps/default/a' });
        expect([names(page.items), page.remaining, page.revision]).toEqual([['b', 'c'], 1, at]);
        expect(names(store.list('core/configmaps/default/').items)).toEqual(['a', 'c', 'd']);
      });

      test('refuses a revision past the history', async () => {
        const at = store.revision;
        for (let round = 0; round < 60; round++) await put('a', String(round));
        expect(() => store.list('core/configmaps/', { at })).toThrow(RevisionExpiredError);
      });
    });

    describe('watch', () => {
      test('delivers a commit at once, in order, with the state before', async () => {
        const watcher = new RecordingWatcher();
        store.watch('core/configmaps/', store.revision, watcher);
        await store.commit([createOf('a', '1'), createOf('b', '1')]);
        const a = store.get(configMapKey('a'))!;
        await put('a', '2');
        await remove('a');
        expect(watcher.batches.map((batch) => batch.length)).toEqual([2, 1, 1]);
        const [, , changed, deleted] = watcher.all;
        expect(watcher.all[0]).toEqual({ type: 'put', key: a.key, revision: a.revision, object: a.object });
        expect(changed).toMatchObject({ type: 'put', previous: a.object });
        expect(deleted).toMatchObject({ type: 'delete', key: a.key, previous: changed!.object, object: { data: { value: '2' } } });
        expect(deleted!.object.metadata!.resourceVersion).toBe(String(store.revision));
      });

      test('delivers only what is under its prefix', async () => {
        const namespaced = new RecordingWatcher();
        const everything = new RecordingWatcher();
        store.watch('core/configmaps/default/', store.revision, namespaced);
        store.watch('', store.revision, everything);
        await put('a');
        await put('a', '', { namespace: 'default2' });
        await store.commit([{ key: 'core/secrets/default/a', expected: 0, object: makeConfigMap('a'), durable: true }]);
        expect(namespaced.all.map(({ key }) => key)).toEqual(['core/configmaps/default/a']);
        expect(everything.all).toHaveLength(3);
      });

      test('resumes after any remembered revision, synchronously, and misses nothing', async () => {
        await put('a', '1');
        const since = store.revision;
        await put('a', '2');
        await put('b', '1', { durable: false });
        const watcher = new RecordingWatcher();
        store.watch('core/configmaps/', since, watcher);
        expect(watcher.all.map((event) => event.object.metadata!.name)).toEqual(['a', 'b']);
        await put('c');
        expect(watcher.all.map((event) => event.object.metadata!.name)).toEqual(['a', 'b', 'c']);
      });

      test('sees the store as of its event', async () => {
        const seen: (string | undefined)[] = [];
        store.watch('', store.revision, {
          events: (events) => seen.push(`${valueOf(store.get(events[0]!.key))}@${store.revision === events.at(-1)!.revision}`),
          closed: () => {},
        });
        await Promise.all([store.commit([createOf('a', '1')]), store.commit([createOf('b', '2')])]);
        expect(seen).toEqual(['1@true', '2@true']);
      });

      test('started while events are delivered gets each of them once', async () => {
        const inner = new RecordingWatcher();
        const since = store.revision;
        let started = false;
        store.watch('', since, {
          events: () => {
            if (!started) store.watch('', since, inner);
            started = true;
          },
          closed: () => {},
        });
        await store.commit([createOf('a'), createOf('b')]);
        await put('c');
        expect(inner.all.map((event) => event.object.metadata!.name)).toEqual(['a', 'b', 'c']);
      });

      test('hears nothing once stopped, also when stopped while events are delivered', async () => {
        const second = new RecordingWatcher();
        let stopSecond: () => void = () => {};
        const stopFirst = store.watch('', store.revision, { events: () => stopSecond(), closed: () => {} });
        stopSecond = store.watch('', store.revision, second);
        await put('a');
        stopFirst();
        await put('b');
        expect(second.all).toEqual([]);
      });

      test('one that throws harms neither the commit nor the others', async () => {
        const second = new RecordingWatcher();
        store.watch('', store.revision, { events: () => { throw new Error('oops'); }, closed: () => {} });
        store.watch('', store.revision, second);
        await put('a');
        await put('b');
        expect(second.all).toHaveLength(2);
      });

      test('may commit while events are delivered', async () => {
        const watcher = new RecordingWatcher();
        const following: Promise<unknown>[] = [];
        store.watch('core/configmaps/', store.revision, {
          events: ([event]) => {
            if (event!.object.metadata!.name === 'a') following.push(store.commit([createOf('b')]));
          },
          closed: () => {},
        });
        store.watch('', store.revision, watcher);
        await put('a');
        await Promise.all(following);
        expect(watcher.all.map((event) => event.object.metadata!.name)).toEqual(['a', 'b']);
      });

      test('refuses a revision past the history', async () => {
        const since = store.revision;
        for (let round = 0; round < 51; round++) await put('a', String(round));
        const error = (() => {
          try {
            return store.watch('', since, new RecordingWatcher());
          } catch (reason) {
            return reason;
          }
        })();
        expect(error).toBeInstanceOf(RevisionExpiredError);
        const { oldest } = error as RevisionExpiredError;
        const watcher = new RecordingWatcher();
        store.watch('', oldest, watcher);
        expect(watcher.all).toHaveLength(50);
      });
    });

    describe('close', () => {
      test('finishes accepted commits, ends watches and takes no more', async () => {
        const watcher = new RecordingWatcher();
        store.watch('', store.revision, watcher);
        const commit = store.commit([createOf('a')]);
        await store.close();
        expect((await commit)[0]?.key).toBe(configMapKey('a'));
        expect(watcher.all).toHaveLength(1);
        expect(watcher.closedWith).toBeInstanceOf(Error);
        await expect(store.commit([createOf('b')])).rejects.toMatchObject({ name: 'StorageFailedError' });
        await store.close();
      });
    });

    storageModelTest(open);

    if (survives) describe('reopen', () => {
      const reopen = async () => {
        store = await subject.reopen!();
      };

      test('finds durable objects again, at their revisions, and none of the volatile ones', async () => {
        const a = await put('a', 'one');
        const gone = await put('gone');
        await remove('gone');
        await put('heartbeat', '', { durable: false });
        const revision = store.revision;
        await reopen();
        expect(store.get(a.key)).toEqual(a);
        expect(Object.isFrozen(store.get(a.key)!.object.metadata)).toBe(true);
        expect(store.get(gone.key)).toBeUndefined();
        expect(names(store.list('').items)).toEqual(['a']);
        expect(store.revision).toBeGreaterThanOrEqual(revision);
        expect((await put('b')).revision).toBeGreaterThan(revision);
      });

      test('finds the last durable state of a key that was volatile since', async () => {
        const durable = await put('a', 'durable');
        await put('a', 'volatile', { durable: false });
        await put('a', 'volatile again', { durable: false });
        await reopen();
        expect(store.get(durable.key)).toEqual(durable);
      });

      test('does not find a key again that was deleted as volatile but had been durable', async () => {
        await put('a', 'durable');
        await put('a', 'volatile', { durable: false });
        await remove('a', false);
        await put('b', 'durable');
        await remove('b', false);
        await reopen();
        expect(store.list('').items).toEqual([]);
      });

      test('tells watchers of before that their revision is too old, and resumes from the present', async () => {
        const { revision: since } = await put('a');
        await put('b');
        await reopen();
        expect(() => store.watch('', since, new RecordingWatcher())).toThrow(RevisionExpiredError);
        const watcher = new RecordingWatcher();
        store.watch('', store.revision, watcher);
        await put('c');
        expect(watcher.all).toHaveLength(1);
      });
    });
  });
}
