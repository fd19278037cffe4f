import { beforeEach, describe, expect, it } from 'vitest';
import { isConflict, isExpired, isNotFound } from '../../api/errors.ts';
import { parseSelector } from '../../api/parse-selector.ts';
import { configMaps, pods } from '../../api/resources.ts';
import { createMemoryStore } from '../storage/memory-store.ts';
import { createTestRegistry } from './testing/test-registry.ts';
import type { TestRegistry } from './testing/test-registry.ts';

describe('the local client', () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await createTestRegistry({ storage: createMemoryStore({ historyEvents: 40 }) });
    await test.client.resource(configMaps).create({ metadata: { name: 'a', namespace: 'default', labels: { app: 'x' } }, data: { key: 'one' } });
  });
  const maps = () => test.client.resource(configMaps);

  it('rejects, and never throws', async () => {
    const reading = maps().get('gone', 'default');
    await expect(reading).rejects.toSatisfy(isNotFound);
    await expect(maps().delete('gone', 'default')).rejects.toSatisfy(isNotFound);
  });

  it('lists with the version to watch from', async () => {
    const { items, resourceVersion } = await maps().list({ namespace: 'default', labelSelector: parseSelector('app=x') });
    expect(items).toHaveLength(1);
    expect(resourceVersion).toBe(String(test.storage.revision));
  });

  it('updates with the version of the object as the condition', async () => {
    const read = await maps().get('a', 'default');
    await maps().update({ ...read, data: { key: 'two' } });
    await expect(maps().update({ ...read, data: { key: 'three' } })).rejects.toSatisfy(isConflict);
  });

  it('updates status only', async () => {
    await test.client.resource(pods).create({ metadata: { name: 'web', namespace: 'default' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
    const read = await test.client.resource(pods).get('web', 'default');
    const updated = await test.client.resource(pods).updateStatus({ ...read, spec: { containers: [] }, status: { ...read.status, phase: 'Running' } });
    expect([updated.status?.phase, updated.spec?.containers.length]).toEqual(['Running', 1]);
  });

  it('accepts changes made of frozen parts', async () => {
    const read = await maps().get('a', 'default');
    const updated = await maps().modify('a', 'default', (copy) => ({ ...copy, metadata: read.metadata, data: { ...read.data, more: 'yes' } }));
    expect(updated.data).toEqual({ key: 'one', more: 'yes' });
  });

  it('delivers changes synchronously with the commit', async () => {
    const seen: string[] = [];
    const { resourceVersion } = await maps().list();
    const watch = maps().watch({}, resourceVersion, { event: ({ type }) => seen.push(type), closed: () => seen.push('closed') });
    await maps().modify('a', 'default', (copy) => ({ ...copy, data: {} }));
    expect(seen).toEqual(['MODIFIED']);
    watch.stop();
    await test.storage.close();
    expect(seen).toEqual(['MODIFIED']);
  });

  it('says after watch() returned why the watch ended', async () => {
    for (let count = 0; count < 100; count++) await maps().modify('a', 'default', (copy) => ({ ...copy, data: { count: String(count) } }));
    const errors: Error[] = [];
    maps().watch({}, '3', { event: () => undefined, closed: (error) => errors.push(error) });
    expect(errors).toEqual([]);
    await Promise.resolve();
    expect(errors.map(isExpired)).toEqual([true]);
  });

  it('tells a watcher that the store closed', async () => {
    const errors: Error[] = [];
    const { resourceVersion } = await maps().list();
    maps().watch({}, resourceVersion, { event: () => undefined, closed: (error) => errors.push(error) });
    await test.storage.close();
    expect(errors).toHaveLength(1);
  });
});
