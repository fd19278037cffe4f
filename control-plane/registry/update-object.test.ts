import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Deployment } from '../../api/apps.ts';
import type { ConfigMap, Pod } from '../../api/core.ts';
import { configMaps, deployments, leases, namespaces, nodes, pods } from '../../api/resources.ts';
import type { StorageEvent } from '../storage/storage.ts';
import { applyScale, toScale } from './scale.ts';
import { refusal } from './testing/refusal.ts';
import { createTestRegistry } from './testing/test-registry.ts';
import type { TestRegistry } from './testing/test-registry.ts';
import type { UpdateRequest } from './registry.ts';

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };
const deployment: Deployment = { metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: { app: 'a' } }, template } };
const pod: Pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };

describe('update', () => {
  let test: TestRegistry;
  let created: ConfigMap;
  beforeEach(async () => {
    test = await createTestRegistry();
    created = await test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: 'a' }, data: { key: 'one' } });
  });
  const update = (change: UpdateRequest<ConfigMap>['change'], more: Partial<UpdateRequest<ConfigMap>> = {}) =>
    test.registry.of(configMaps).update(test.context, { name: 'a', namespace: 'default', change, ...more });

  it('replaces the object and raises its version', async () => {
    const updated = await update((current) => ({ ...current, data: { key: 'two' } }));
    expect(updated.data).toEqual({ key: 'two' });
    expect(Number(updated.metadata?.resourceVersion)).toBeGreaterThan(Number(created.metadata?.resourceVersion));
  });

  it('writes nothing when nothing changes', async () => {
    expect(await update((current) => current)).toBe(created);
    expect(await update(() => ({ metadata: { name: 'a' }, data: { key: 'one' } }))).toBe(created);
    expect(await update((current) => { current.data = { key: 'other' }; return undefined; })).toBe(created);
    expect(test.storage.revision).toBe(Number(created.metadata?.resourceVersion));
  });

  it('gives what the client left out from the old object', async () => {
    const updated = await update(() => ({ metadata: { name: 'a', labels: { new: 'yes' } } }));
    expect(updated.metadata).toMatchObject({ uid: created.metadata?.uid, creationTimestamp: created.metadata?.creationTimestamp, namespace: 'default' });
    expect(updated.data).toBeUndefined();
  });

  it('never changes when an object was created', async () => {
    const updated = await update((current) => ({ ...current, data: { key: 'two' }, metadata: { ...current.metadata, creationTimestamp: '2001-01-01T00:00:00Z' } }));
    expect(updated.metadata?.creationTimestamp).toBe(created.metadata?.creationTimestamp);
  });

  it('answers 409 for a version that is not current', async () => {
    await update((current) => ({ ...current, data: { key: 'two' } }));
    const error = await refusal(update(() => ({ ...created, data: { key: 'three' } })));
    expect([error.code, error.message]).toEqual([409, 'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again']);
  });

  it('answers 409 for another uid', async () => {
    const error = await refusal(update(() => ({ metadata: { name: 'a', uid: 'other' } })));
    expect([error.code, error.reason]).toEqual([409, 'Conflict']);
  });

  it('answers 400 for another name, 404 for none', async () => {
    expect((await refusal(update(() => ({ metadata: { name: 'b' } })))).message).toBe('the name of the object (b) does not match the name on the URL (a)');
    expect((await refusal(update((current) => current, { name: 'b' }))).message).toBe('configmaps "b" not found');
  });

  it('goes on with what a refusing change throws', async () => {
    await expect(update(() => { throw new RangeError('no'); })).rejects.toThrow('no');
  });

  it('calls the change again with fresh state when someone else was quicker', async () => {
    const seen: string[] = [];
    const slow = update(async (current) => {
      seen.push(current.data?.key ?? '');
      if (seen.length === 1) await update((other) => ({ ...other, data: { key: 'two' } }));
      return { ...current, data: { key: `${current.data?.key}!` } };
    });
    expect((await slow).data).toEqual({ key: 'two!' });
    expect(seen).toEqual(['one', 'two']);
  });

  it('writes nothing in a dry run', async () => {
    const dry = await test.registry.of(configMaps).update({ ...test.context, dryRun: true }, { name: 'a', namespace: 'default', change: (current) => ({ ...current, data: {} }) });
    expect(dry.data).toEqual({});
    expect(test.registry.of(configMaps).get('a', 'default')).toBe(created);
  });

  it('creates a missing object only where the kind allows it', async () => {
    const lease = await test.registry.of(leases).update(test.context, {
      name: 'new', namespace: 'default', change: (current) => current, createIfMissing: () => ({ metadata: { name: 'new' }, spec: { holderIdentity: 'me' } }),
    });
    expect(lease.spec?.holderIdentity).toBe('me');
    expect((await refusal(update((current) => current, { name: 'new', createIfMissing: () => ({ metadata: { name: 'new' } }) }))).code).toBe(404);
  });

  it('wants a version where overwriting blindly is not allowed', async () => {
    await test.registry.of(leases).create(test.context, 'default', { metadata: { name: 'lease' } });
    const error = await refusal(test.registry.of(leases).update(test.context, { name: 'lease', namespace: 'default', change: () => ({ metadata: { name: 'lease' } }) }));
    expect(error.message).toContain('metadata.resourceVersion: Invalid value: 0: must be specified for an update');
  });

  it('never loses one of many concurrent increments', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }), async (turns) => {
      const { client } = await createTestRegistry();
      await client.resource(configMaps).create({ metadata: { name: 'counter', namespace: 'default' }, data: { count: '0' } });
      const worker = async (times: number): Promise<void> => {
        for (let turn = 0; turn < times; turn++) {
          await client.resource(configMaps).modify('counter', 'default', (copy) => ({ ...copy, data: { count: String(Number(copy.data?.count) + 1) } }));
        }
      };
      await Promise.all(turns.map(worker));
      const { data } = await client.resource(configMaps).get('counter', 'default');
      expect(Number(data?.count)).toBe(turns.reduce((sum, times) => sum + times, 0));
    }), { numRuns: 25 });
  });
});

describe('what an update may write', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry(); });

  it('spec or status, never both', async () => {
    await test.client.resource(deployments).create({ ...deployment, metadata: { name: 'web', namespace: 'default' } });
    const bySpec = await test.client.resource(deployments).modify('web', 'default', (copy) => ({ ...copy, spec: { ...copy.spec!, replicas: 3 }, status: { replicas: 9 } }));
    expect([bySpec.spec?.replicas, bySpec.status?.replicas, bySpec.metadata?.generation]).toEqual([3, undefined, 2]);
    const byStatus = await test.client.resource(deployments).modify('web', 'default', (copy) => ({ ...copy, spec: { ...copy.spec!, replicas: 7 }, status: { replicas: 3, observedGeneration: 2 } }), 'status');
    expect([byStatus.spec?.replicas, byStatus.status?.replicas, byStatus.metadata?.generation]).toEqual([3, 3, 2]);
  });

  it('annotations of a deployment bump its generation, labels do not', async () => {
    await test.client.resource(deployments).create({ ...deployment, metadata: { name: 'web', namespace: 'default' } });
    const annotate = await test.client.resource(deployments).modify('web', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, annotations: { a: 'b' } } }));
    expect(annotate.metadata?.generation).toBe(2);
    const label = await test.client.resource(deployments).modify('web', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, labels: { a: 'b' }, generation: 40 } }));
    expect(label.metadata?.generation).toBe(2);
  });

  it('scale: nothing but the replicas', async () => {
    await test.client.resource(deployments).create({ ...deployment, metadata: { name: 'web', namespace: 'default', labels: { keep: 'me' } } });
    const scaled = await test.registry.of(deployments).update(test.context, {
      name: 'web', namespace: 'default', subresource: 'scale',
      change: (current) => ({ ...applyScale(deployments, current, { metadata: { name: 'web' }, spec: { replicas: 5 } }), metadata: { ...current.metadata, labels: {} } }),
    });
    expect([scaled.spec?.replicas, scaled.metadata?.labels, scaled.metadata?.generation]).toEqual([5, { keep: 'me' }, 2]);
    expect(toScale(deployments, scaled)).toMatchObject({
      apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web', namespace: 'default', uid: scaled.metadata?.uid },
      spec: { replicas: 5 }, status: { replicas: 0, selector: 'app=a' },
    });
    const error = await refusal(test.registry.of(deployments).update(test.context, {
      name: 'web', namespace: 'default', subresource: 'scale', change: (current) => applyScale(deployments, current, { spec: { replicas: -1 } }),
    }));
    expect(error.message).toBe('Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0');
  });

  it('scale: the version of the Scale is the one that must be current', async () => {
    const created = await test.client.resource(deployments).create({ ...deployment, metadata: { name: 'web', namespace: 'default' } });
    await test.client.resource(deployments).modify('web', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, labels: { a: 'b' } } }));
    const stale = { ...toScale(deployments, created), spec: { replicas: 4 } };
    const error = await refusal(test.registry.of(deployments).update(test.context, { name: 'web', namespace: 'default', subresource: 'scale', change: (current) => applyScale(deployments, current, stale) }));
    expect(error.reason).toBe('Conflict');
  });

  it('finalize: spec.finalizers of a namespace, which no other update touches', async () => {
    await test.client.resource(namespaces).create({ metadata: { name: 'team' } });
    const plain = await test.client.resource(namespaces).modify('team', undefined, (copy) => ({ ...copy, spec: { finalizers: [] } }));
    expect(plain.spec?.finalizers).toEqual(['kubernetes']);
    await test.client.resource(namespaces).delete('team');
    await test.client.resource(namespaces).modify('team', undefined, (copy) => ({ ...copy, spec: { finalizers: [] } }), 'finalize');
    await expect(test.client.resource(namespaces).get('team')).rejects.toThrow('namespaces "team" not found');
  });
});

describe('what survives a restart', () => {
  /** Whether each write that follows went to disk. */
  async function recording(): Promise<{ test: TestRegistry; durable: boolean[] }> {
    const test = await createTestRegistry();
    const durable: boolean[] = [];
    const commit = test.storage.commit.bind(test.storage);
    test.storage.commit = (mutations) => {
      durable.push(...mutations.map((mutation) => mutation.durable));
      return commit(mutations);
    };
    return { test, durable };
  }

  it('a lease, but not its renewals', async () => {
    const { test, durable } = await recording();
    await test.client.resource(leases).create({ metadata: { name: 'pi-1', namespace: 'default' }, spec: { holderIdentity: 'pi-1', renewTime: '2026-01-01T00:00:00.000000Z' } });
    for (const second of ['10', '20']) {
      await test.clock.advance(10_000);
      await test.client.resource(leases).modify('pi-1', 'default', (copy) => ({ ...copy, spec: { ...copy.spec, renewTime: `2026-01-01T00:00:${second}.000000Z` } }));
    }
    await test.client.resource(leases).modify('pi-1', 'default', (copy) => ({ ...copy, spec: { ...copy.spec, holderIdentity: 'pi-2' } }));
    await test.client.resource(leases).delete('pi-1', 'default');
    expect(durable).toEqual([true, false, false, true, true]);
  });

  it('a node, but not the heartbeats of its conditions', async () => {
    const { test, durable } = await recording();
    const ready = (status: string, lastHeartbeatTime: string) => ({ conditions: [{ type: 'Ready', status, lastHeartbeatTime }] });
    await test.client.resource(nodes).create({ metadata: { name: 'pi-1' }, status: ready('True', '2026-01-01T00:00:00Z') });
    for (const minute of ['05', '10']) {
      await test.clock.advance(300_000);
      await test.client.resource(nodes).modify('pi-1', undefined, (copy) => ({ ...copy, status: ready('True', `2026-01-01T00:${minute}:00Z`) }), 'status');
    }
    await test.client.resource(nodes).modify('pi-1', undefined, (copy) => ({ ...copy, status: ready('False', '2026-01-01T00:15:00Z') }), 'status');
    expect(durable).toEqual([true, false, false, true]);
  });
});

describe('finalizers', () => {
  it('the update that takes the last one off a deleted object removes it', async () => {
    const test = await createTestRegistry();
    const events: StorageEvent[] = [];
    await test.client.resource(configMaps).create({ metadata: { name: 'a', namespace: 'default', finalizers: ['example.com/one', 'example.com/two'] } });
    test.storage.watch('core/configmaps/', test.storage.revision, { events: (batch) => events.push(...batch), closed: () => undefined });
    await test.client.resource(configMaps).delete('a', 'default');
    const drop = (finalizer: string) => test.client.resource(configMaps).modify('a', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, finalizers: copy.metadata?.finalizers?.filter((other) => other !== finalizer) } }));
    await drop('example.com/one');
    expect((await test.client.resource(configMaps).get('a', 'default')).metadata?.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
    await drop('example.com/two');
    expect(events.map((event) => event.type)).toEqual(['put', 'put', 'delete']);
  });

  it('a pod also waits for its grace period', async () => {
    const test = await createTestRegistry();
    await test.client.resource(pods).create({ ...pod, metadata: { name: 'web', namespace: 'default', finalizers: ['example.com/one'] } });
    await test.client.bind('default', 'web', '', 'pi-1');
    await test.client.resource(pods).delete('web', 'default', { gracePeriodSeconds: 30 });
    await test.client.resource(pods).modify('web', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, finalizers: [] } }));
    expect((await test.client.resource(pods).get('web', 'default')).metadata?.deletionGracePeriodSeconds).toBe(30);
    await test.client.resource(pods).delete('web', 'default', { gracePeriodSeconds: 0 });
    await expect(test.client.resource(pods).get('web', 'default')).rejects.toThrow('not found');
  });
});
