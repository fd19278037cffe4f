import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../api/meta.ts';
import { defineResource } from '../../api/resource.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { encodeObject } from '../apiserver/object-encoder.ts';
import { createWatchEncoder } from '../apiserver/watch-encoder.ts';
import { createMemoryStore } from '../storage/memory-store.ts';
import type { StorageEvent } from '../storage/storage.ts';
import { CustomStorage, type StorageForm } from './custom-storage.ts';

const key = 'example.com/maps/default/a';
const prefix = 'example.com/maps/';
const resource = defineResource({
  group: 'example.com', version: 'v1', kind: 'Map', plural: 'maps', namespaced: true, singular: 'map', shortNames: [], categories: [], subresources: [],
  schema: 'example.com.v1.Map', custom: { listKind: 'MapList', openAPISchema: undefined, columns: [], cells: () => [], decode: () => ({ object: {}, warnings: [] }) },
});

/** @param read of the form: what readers are shown. */
function setUp(read: StorageForm['read']) {
  const looks: KubernetesObject[] = [];
  const storage = new CustomStorage(createMemoryStore(), {
    read: (stored) => {
      looks.push(stored);
      return read(stored);
    },
    write: (object) => object,
    isStale: () => false,
  });
  const seen: StorageEvent[] = [];
  const watch = () => storage.watch(prefix, storage.revision, { events: (events) => seen.push(...events), closed: () => undefined });
  const write = (name: string, expected: number) => storage.commit([{ key, expected, durable: true, object: { apiVersion: 'example.com/v1', kind: 'Map', metadata: { name } } }]);
  return { storage, looks, seen, watch, write };
}

/** What every reader and watcher of one state got. */
function everywhere({ storage, seen }: Pick<ReturnType<typeof setUp>, 'storage' | 'seen'>): Set<KubernetesObject | undefined> {
  const read = Array.from({ length: 3 }, () => [storage.get(key)?.object, ...storage.list(prefix).items.map(({ object }) => object)]).flat();
  return new Set([...read, ...seen.map(({ object }) => object)]);
}

describe('the store as a custom kind sees it', () => {
  it.each([
    ['lies there as it should be', (stored: KubernetesObject) => stored],
    ['is pruned or gets defaults on the way out', (stored: KubernetesObject) => ({ ...stored, spec: { replicas: 1 } })],
  ])('looks once at an object that %s, however many read and watch it', async (_, read) => {
    const custom = setUp(read);
    for (let watcher = 0; watcher < 20; watcher++) custom.watch();
    await custom.write('a', 0);
    expect(custom.seen).toHaveLength(20);
    expect(everywhere(custom).size).toBe(1);
    expect(custom.looks).toHaveLength(1);
    const [before] = everywhere(custom);
    custom.seen.length = 0;
    await custom.write('b', Number(before?.metadata?.resourceVersion));
    expect(everywhere(custom).size).toBe(1);
    expect(custom.looks).toHaveLength(2);
  });

  it('so its bytes are made once for all of them, too', async () => {
    const custom = setUp((stored) => ({ ...stored, spec: { replicas: 1 } }));
    for (let watcher = 0; watcher < 3; watcher++) custom.watch();
    await custom.write('a', 0);
    const lines = custom.seen.map(({ object }) => createWatchEncoder({ resource, negotiated: { form: 'object', version: '', encoding: 'json' }, includeObject: 'None', clock: new FakeClock() })({ type: 'ADDED', object }));
    expect(lines).toHaveLength(3);
    expect(new Set(lines).size).toBe(1);
    const read = () => encodeObject(resource, custom.storage.get(key)!.object);
    expect(read()).toBe(read());
  });
});
