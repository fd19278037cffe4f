/** The registry over the real LevelDB: what is there after a restart, and what was in memory only. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMaps, events, leases, nodes, pods, services } from '../../../../api/resources.ts';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { FakeClock } from '../../../../machinery/testing/fake-clock.ts';
import { LevelStore } from '../../../storage/level/level-store.ts';
import { createRegistry } from '../../generic-registry.ts';
import { createLocalClient } from '../../local-client.ts';
import { refusal } from '../../testing/refusal.ts';
import { createTestRegistry, testUser } from '../../testing/test-registry.ts';
import type { TestRegistry } from '../../testing/test-registry.ts';

describe('a registry over LevelDB', () => {
  let directory: string;
  let test: TestRegistry;
  const openStore = () => LevelStore.open({ directory, clock: systemClock, logger: silentLogger });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'registry-'));
    test = await createTestRegistry({ storage: await openStore() });
  });
  afterEach(async () => {
    await test.storage.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function restart(): Promise<void> {
    await test.storage.close();
    const storage = await openStore();
    const clock = new FakeClock();
    const registry = createRegistry({ storage, clock, logger: silentLogger, serviceCIDR: '198.18.0.0/16' });
    test = { ...test, storage, clock, registry: registry as typeof test.registry, client: createLocalClient(registry, testUser) };
  }

  it('has every acknowledged object again, as it was', async () => {
    const containers = [{ name: 'main', image: 'busybox' }];
    const created = await Promise.all(Array.from({ length: 50 }, (_, index) =>
      test.client.resource(pods).create({ metadata: { generateName: 'web-', namespace: 'default', labels: { index: String(index) } }, spec: { containers } })));
    await test.client.bind('default', created[0]!.metadata!.name!, '', 'pi-1');
    const before = await test.client.resource(pods).list();
    await restart();
    const after = await test.client.resource(pods).list();
    expect(after.items).toEqual(before.items);
    expect(Number(after.resourceVersion)).toBeGreaterThanOrEqual(Number(before.resourceVersion));
    const next = await test.client.resource(configMaps).create({ metadata: { name: 'next', namespace: 'default' } });
    expect(Number(next.metadata?.resourceVersion)).toBeGreaterThan(Number(before.resourceVersion));
  });

  it('gives no address twice', async () => {
    const spec = { selector: { app: 'web' }, ports: [{ port: 80 }] };
    const { spec: given } = await test.client.resource(services).create({ metadata: { name: 'a', namespace: 'default' }, spec: { ...spec, type: 'NodePort' } });
    await restart();
    const wish = { metadata: { name: 'b', namespace: 'default' }, spec: { ...spec, clusterIP: given?.clusterIP } };
    expect((await refusal(test.client.resource(services).create(wish))).message).toContain('provided IP is already allocated');
  });

  it('forgets heartbeats and events, not what they were about', async () => {
    const status = (lastHeartbeatTime: string) => ({ conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime }] });
    await test.client.resource(nodes).create({ metadata: { name: 'pi-1' }, status: status('2026-01-01T00:00:00Z') });
    await test.client.resource(leases).create({ metadata: { name: 'pi-1', namespace: 'default' }, spec: { holderIdentity: 'pi-1', renewTime: '2026-01-01T00:00:00.000000Z' } });
    await test.client.resource(nodes).modify('pi-1', undefined, (copy) => Object.assign(copy, { status: status('2026-01-01T00:05:00Z') }), 'status');
    await test.client.resource(leases).modify('pi-1', 'default', (copy) => ({ ...copy, spec: { ...copy.spec, renewTime: '2026-01-01T00:00:10.000000Z' } }));
    await test.client.resource(events).create({ metadata: { name: 'e', namespace: 'default' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'web' } });
    await restart();
    expect((await test.client.resource(nodes).get('pi-1')).status?.conditions?.[0]?.lastHeartbeatTime).toBe('2026-01-01T00:00:00Z');
    expect((await test.client.resource(leases).get('pi-1', 'default')).spec).toMatchObject({ holderIdentity: 'pi-1', renewTime: '2026-01-01T00:00:00.000000Z' });
    expect((await test.client.resource(events).list()).items).toEqual([]);
  });

  it('a deletion that was accepted stays accepted', async () => {
    await test.client.resource(configMaps).create({ metadata: { name: 'held', namespace: 'default', finalizers: ['example.com/wait'] } });
    await test.client.resource(configMaps).create({ metadata: { name: 'gone', namespace: 'default' } });
    await test.client.resource(configMaps).delete('held', 'default', { propagationPolicy: 'Foreground' });
    await test.client.resource(configMaps).delete('gone', 'default');
    await restart();
    expect((await refusal(test.client.resource(configMaps).get('gone', 'default'))).code).toBe(404);
    expect((await test.client.resource(configMaps).get('held', 'default')).metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/wait', 'foregroundDeletion'] });
    await test.client.resource(configMaps).modify('held', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, finalizers: [] } }));
    expect((await refusal(test.client.resource(configMaps).get('held', 'default'))).code).toBe(404);
  });
});
