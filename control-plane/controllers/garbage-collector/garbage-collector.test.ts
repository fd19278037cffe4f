import { afterEach, describe, expect, it } from 'vitest';
import type { ConfigMap } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import type { OwnerReference } from '../../../api/meta.ts';
import { configMaps, deployments, events, nodes, replicaSets } from '../../../api/resources.ts';
import { makeDeployment, startTestCluster } from '../testing/test-cluster.ts';
import type { TestCluster, TestClusterOptions } from '../testing/test-cluster.ts';

describe('GarbageCollector', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  const start = async (options: TestClusterOptions = {}) => {
    cluster = await startTestCluster({ only: ['garbage-collector'], namespaces: ['team'], ...options });
  };
  const make = (name: string, owners: OwnerReference[] = [], more: { namespace?: string; finalizers?: string[] } = {}): Promise<ConfigMap> =>
    cluster.client.resource(configMaps).create({ metadata: { name, namespace: 'default', ownerReferences: owners, ...more } });
  const owned = (owner: ConfigMap, blockOwnerDeletion = true): OwnerReference => ({ apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata?.name ?? '', uid: owner.metadata?.uid ?? '', blockOwnerDeletion });
  const remove = async (name: string, propagationPolicy: string) => {
    await cluster.client.resource(configMaps).delete(name, 'default', { propagationPolicy });
    await cluster.settle();
  };
  const exists = (name: string, namespace = 'default') => cluster.client.resource(configMaps).get(name, namespace).then(() => true, (error: unknown) => !isNotFound(error));
  const get = (name: string) => cluster.client.resource(configMaps).get(name, 'default');

  it('background: dependents follow, generation by generation', async () => {
    await start();
    const owner = await make('owner');
    const child = await make('child', [owned(owner)]);
    await make('grandchild', [owned(child)]);
    await make('other');
    await remove('owner', 'Background');
    expect([await exists('child'), await exists('grandchild'), await exists('other')]).toEqual([false, false, true]);
  });

  it('an object with another owner stays and forgets the one that is gone', async () => {
    await start();
    const [one, two] = [await make('one'), await make('two')];
    await make('child', [owned(one), owned(two)]);
    await remove('one', 'Background');
    expect((await get('child')).metadata?.ownerReferences?.map(({ name }) => name)).toEqual(['two']);
  });

  it('an owner of the same name with another uid is no owner', async () => {
    await start();
    const owner = await make('owner');
    await make('child', [{ ...owned(owner), uid: 'other' }]);
    await cluster.settle();
    expect(await exists('child')).toBe(false);
  });

  it('foreground: the owner waits for dependents that block, which may wait for finalizers', async () => {
    await start();
    const owner = await make('owner');
    await make('blocks', [owned(owner)], { finalizers: ['example.com/wait'] });
    await make('follows', [owned(owner, false)]);
    await remove('owner', 'Foreground');
    expect([await exists('owner'), await exists('blocks'), await exists('follows')]).toEqual([true, true, false]);
    await cluster.client.resource(configMaps).modify('blocks', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, finalizers: [] } }));
    await cluster.settle();
    expect([await exists('owner'), await exists('blocks')]).toEqual([false, false]);
  });

  it('foreground over three generations ends from the leaves', async () => {
    await start();
    const owner = await make('owner');
    const child = await make('child', [owned(owner)]);
    await make('leaf', [owned(child)], { finalizers: ['example.com/wait'] });
    await remove('owner', 'Foreground');
    expect([await exists('owner'), await exists('child'), await exists('leaf')]).toEqual([true, true, true]);
    await cluster.client.resource(configMaps).modify('leaf', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, finalizers: [] } }));
    await cluster.settle();
    expect([await exists('owner'), await exists('child'), await exists('leaf')]).toEqual([false, false, false]);
  });

  it('orphan: dependents stay and forget the owner', async () => {
    await start();
    const owner = await make('owner');
    await make('child', [owned(owner)]);
    await remove('owner', 'Orphan');
    expect([await exists('owner'), await exists('child')]).toEqual([false, true]);
    expect((await get('child')).metadata?.ownerReferences).toBeUndefined();
  });

  it('an owner in another namespace counts as absent, with a warning', async () => {
    await start();
    const owner = await make('owner', [], { namespace: 'team' });
    await make('child', [owned(owner)]);
    await cluster.settle();
    expect(await exists('child')).toBe(false);
    const [event] = (await cluster.client.resource(events).list()).items;
    expect(event).toMatchObject({
      type: 'Warning', reason: 'OwnerRefInvalidNamespace', involvedObject: { kind: 'ConfigMap', name: 'child' },
      message: `ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: ${owner.metadata?.uid}] does not exist in namespace "default"`,
    });
  });

  it('a namespaced owner of a cluster-scoped object, or of an unknown kind, changes nothing', async () => {
    await start();
    const owner = await make('owner');
    await cluster.client.resource(nodes).create({ metadata: { name: 'board-9', ownerReferences: [{ ...owned(owner), uid: 'gone' }] } });
    await make('strange', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w' }]);
    await cluster.settle();
    expect((await cluster.client.resource(nodes).get('board-9')).metadata?.name).toBe('board-9');
    expect(await exists('strange')).toBe(true);
  });

  it('finds at its start what lost its owner while nobody watched', async () => {
    await start();
    const owner = await make('owner');
    await make('child', [owned(owner)]);
    await cluster.stopControllers();
    await remove('owner', 'Background');
    expect(await exists('child')).toBe(true);
    await cluster.startControllers();
    await cluster.settle();
    expect(await exists('child')).toBe(false);
  });

  it.each(['Background', 'Foreground'])('%s deletion of a Deployment leaves nothing', async (propagationPolicy) => {
    await start({ only: ['garbage-collector', 'deployment', 'replica-set'], stopMs: 2000 });
    await cluster.client.resource(deployments).create(makeDeployment('web', 'web:1'));
    await cluster.settle();
    await cluster.client.resource(deployments).delete('web', 'default', { propagationPolicy });
    await cluster.advance(5000);
    expect(cluster.pods()).toEqual([]);
    expect((await cluster.client.resource(replicaSets).list()).items).toEqual([]);
    expect((await cluster.client.resource(deployments).list()).items).toEqual([]);
  });
});
