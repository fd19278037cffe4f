import { beforeEach, describe, expect, it } from 'vitest';
import { parseFieldSelector } from '../../api/fields.ts';
import { parseSelector } from '../../api/parse-selector.ts';
import type { WatchEvent } from '../../api/meta.ts';
import { configMaps } from '../../api/resources.ts';
import { createMemoryStore } from '../storage/memory-store.ts';
import type { WatchQuery } from './registry.ts';
import { refusal } from './testing/refusal.ts';
import { createTestRegistry } from './testing/test-registry.ts';
import type { TestRegistry } from './testing/test-registry.ts';

function summary(event: WatchEvent): string {
  if (event.type === 'ERROR') return `ERROR ${event.object.code}`;
  return `${event.type} ${event.object.metadata?.name ?? ''}`.trim();
}

describe('watch', () => {
  let test: TestRegistry;
  let events: WatchEvent[];
  let closed: number;
  beforeEach(async () => {
    test = await createTestRegistry({ namespaces: ['team'], storage: createMemoryStore({ historyEvents: 40 }) });
    events = [];
    closed = 0;
    await put('a', 'red');
    await put('b', 'blue');
  });
  const put = async (name: string, colour: string, namespace = 'default'): Promise<void> => {
    const metadata = { name, namespace, labels: { colour } };
    if (test.storage.get(`core/configmaps/${namespace}/${name}`)) await test.client.resource(configMaps).update({ metadata });
    else await test.client.resource(configMaps).create({ metadata });
  };
  const watch = (query: Partial<WatchQuery> = {}) => test.registry.of(configMaps).watch({
    namespace: 'default', labelSelector: [], fieldSelector: [], resourceVersion: String(test.storage.revision),
    allowWatchBookmarks: false, sendInitialEvents: false, ...query,
  }, { event: (event) => events.push(event), closed: () => { closed += 1; } });
  const seen = () => events.map(summary);

  it('shows every change after the version it begins at, with the stored object', async () => {
    watch();
    await put('c', 'red');
    await put('c', 'blue');
    await test.client.resource(configMaps).delete('c', 'default');
    await put('c', 'red', 'team');
    expect(seen()).toEqual(['ADDED c', 'MODIFIED c', 'DELETED c']);
    const versions = events.map((event) => Number(event.object.metadata?.resourceVersion));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(new Set(versions).size).toBe(3);
  });

  it('catches up from the history', async () => {
    const resourceVersion = String(test.storage.revision);
    await put('c', 'red');
    watch({ resourceVersion });
    expect(seen()).toEqual(['ADDED c']);
  });

  it.each(['', '0'])('begins with the state for version "%s"', async (resourceVersion) => {
    watch({ resourceVersion });
    expect(seen()).toEqual(['ADDED a', 'ADDED b']);
    await put('b', 'red');
    expect(seen().at(-1)).toBe('MODIFIED b');
  });

  it('shows what begins and ceases to match as added and deleted', async () => {
    watch({ labelSelector: parseSelector('colour=red') });
    await put('b', 'red');
    await put('b', 'blue');
    await put('a', 'blue');
    await put('a', 'green');
    await test.client.resource(configMaps).delete('a', 'default');
    expect(seen()).toEqual(['ADDED b', 'DELETED b', 'DELETED a']);
    const [, gone] = events;
    expect(gone?.object.metadata).toMatchObject({ labels: { colour: 'red' } });
    expect(Number(gone?.object.metadata?.resourceVersion)).toBeGreaterThan(Number(events[0]?.object.metadata?.resourceVersion));
  });

  it('of one name sees only that one', async () => {
    watch({ fieldSelector: parseFieldSelector('metadata.name=a'), resourceVersion: '' });
    await put('aa', 'red');
    await put('a', 'green');
    expect(seen()).toEqual(['ADDED a', 'MODIFIED a']);
  });

  it('ends with 410 in the stream for a version that is too old', async () => {
    for (let count = 0; count < 100; count++) await put('a', `c${count}`);
    watch({ resourceVersion: '3' });
    expect(seen()).toEqual(['ERROR 410']);
    expect(events[0]?.object).toMatchObject({ kind: 'Status', reason: 'Expired', message: expect.stringContaining('too old resource version: 3 (') as string });
    expect(closed).toBe(1);
  });

  it('refuses a version that is none', async () => {
    expect((await refusal(() => watch({ resourceVersion: 'x' }))).code).toBe(400);
  });

  it('waits for a version from the future', async () => {
    watch({ resourceVersion: String(test.storage.revision + 1) });
    await put('a', 'green');
    await put('a', 'yellow');
    expect(events).toHaveLength(1);
  });

  it('sends a bookmark about every minute where asked to', async () => {
    watch({ allowWatchBookmarks: true });
    await put('c', 'red', 'team');
    await test.clock.advance(61_000);
    expect(seen()).toEqual(['BOOKMARK']);
    expect(events[0]?.object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: String(test.storage.revision), creationTimestamp: null } });
    await test.clock.advance(60_000);
    expect(events).toHaveLength(2);
  });

  it('marks the end of the initial events', () => {
    watch({ resourceVersion: '', sendInitialEvents: true, allowWatchBookmarks: true });
    expect(seen()).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
    expect(events[2]?.object.metadata).toMatchObject({ annotations: { 'k8s.io/initial-events-end': 'true' } });
  });

  it('keeps that mark from clients that take no bookmarks', () => {
    watch({ resourceVersion: '', sendInitialEvents: true });
    expect(seen()).toEqual(['ADDED a', 'ADDED b']);
  });

  it('leaves the initial events out on request', async () => {
    watch({ resourceVersion: '0', withoutInitialEvents: true });
    expect(seen()).toEqual([]);
    await put('a', 'green');
    expect(seen()).toEqual(['MODIFIED a']);
  });

  it('delivers nothing after stop, bookmarks included', async () => {
    const handle = watch({ allowWatchBookmarks: true });
    handle.stop();
    await put('a', 'green');
    await test.clock.advance(120_000);
    expect([events, closed]).toEqual([[], 0]);
  });

  it('may be stopped by its own sink', async () => {
    const handle = test.registry.of(configMaps).watch({
      namespace: 'default', labelSelector: [], fieldSelector: [], resourceVersion: String(test.storage.revision), allowWatchBookmarks: false, sendInitialEvents: false,
    }, { event: (event) => { events.push(event); handle.stop(); }, closed: () => undefined });
    await put('a', 'green');
    await put('a', 'yellow');
    expect(events).toHaveLength(1);
  });

  it('ends when the store closes', async () => {
    watch();
    await test.storage.close();
    expect(closed).toBe(1);
  });
});
