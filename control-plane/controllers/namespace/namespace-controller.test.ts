import { afterEach, describe, expect, it } from 'vitest';
import type { ExtensionDeletion } from '../../aggregation/extension-content.ts';
import { isNotFound } from '../../../api/errors.ts';
import { configMaps, deployments, namespaces, pods, secrets } from '../../../api/resources.ts';
import { makeDeployment, startTestCluster } from '../testing/test-cluster.ts';
import type { TestCluster, TestClusterOptions } from '../testing/test-cluster.ts';

describe('NamespaceController', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  const start = async (options: TestClusterOptions = {}) => {
    cluster = await startTestCluster({ namespaces: ['team'], ...options });
  };
  const remove = async () => {
    await cluster.client.resource(namespaces).delete('team');
    await cluster.settle();
  };
  const exists = () => cluster.client.resource(namespaces).get('team').then(() => true, (error: unknown) => !isNotFound(error));
  const condition = async (type: string) => (await cluster.client.resource(namespaces).get('team')).status?.conditions?.find((one) => one.type === type);

  it('deletes everything in a namespace and then the namespace, and leaves others alone', async () => {
    await start();
    const deployment = makeDeployment('web', 'web:1');
    await cluster.client.resource(deployments).create({ ...deployment, metadata: { ...deployment.metadata, namespace: 'team' } });
    await cluster.client.resource(secrets).create({ metadata: { name: 'password', namespace: 'team' } });
    await cluster.client.resource(configMaps).create({ metadata: { name: 'keep', namespace: 'default' } });
    await cluster.settle();
    expect(cluster.pods()).toHaveLength(3);
    await remove();
    expect(await exists()).toBe(false);
    expect(cluster.pods()).toEqual([]);
    expect((await cluster.client.resource(configMaps).list({ namespace: 'team' })).items).toEqual([]);
    expect((await cluster.client.resource(configMaps).get('keep', 'default')).metadata?.name).toBe('keep');
  });

  it('gives pods their time, and keeps their Secrets until they are gone', async () => {
    await start({ stopMs: 10_000 });
    await cluster.client.resource(secrets).create({ metadata: { name: 'password', namespace: 'team' } });
    await cluster.client.resource(pods).create({ metadata: { name: 'slow', namespace: 'team' }, spec: { containers: [{ name: 'main', image: 'web' }], terminationGracePeriodSeconds: 30 } });
    await cluster.settle();
    await remove();
    expect((await cluster.client.resource(secrets).get('password', 'team')).metadata?.deletionTimestamp).toBeUndefined();
    expect(await condition('NamespaceContentRemaining')).toMatchObject({ status: 'True', reason: 'SomeResourcesRemain', message: 'Some resources are remaining: pods. has 1 resource instances' });
    await cluster.advance(11_000);
    expect(await exists()).toBe(false);
  });

  it('asks extension servers to delete theirs, and waits while one cannot be asked', async () => {
    const asked: string[] = [];
    let answer: ExtensionDeletion = { remainders: [], failures: [], undiscovered: ['b.example/v1: stale GroupVersion discovery: b.example/v1', 'a.example/v1: stale GroupVersion discovery: a.example/v1'] };
    await start({ settings: { extensions: { deleteFrom: (namespace) => { asked.push(namespace); return Promise.resolve(answer); } } } });
    await remove();
    expect(asked).toContain('team');
    expect(await condition('NamespaceDeletionDiscoveryFailure')).toMatchObject({
      status: 'True', reason: 'DiscoveryFailed',
      message: 'Discovery failed for some groups, 2 failing: unable to retrieve the complete list of server APIs: a.example/v1: stale GroupVersion discovery: a.example/v1, b.example/v1: stale GroupVersion discovery: b.example/v1',
    });
    answer = { remainders: [{ resource: { plural: 'flunders', group: 'a.example' }, objects: [{}] }], failures: [new Error('no')], undiscovered: [] };
    await cluster.advance(16_000);
    expect(await condition('NamespaceContentRemaining')).toMatchObject({ message: 'Some resources are remaining: flunders.a.example has 1 resource instances' });
    expect(await condition('NamespaceDeletionContentFailure')).toMatchObject({ message: 'Failed to delete all resource types, 1 remaining: no' });
    answer = { remainders: [], failures: [], undiscovered: [] };
    await cluster.advance(16_000);
    expect(await exists()).toBe(false);
  });

  it('waits for finalizers and says which', async () => {
    await start();
    await cluster.client.resource(configMaps).create({ metadata: { name: 'held', namespace: 'team', finalizers: ['example.com/wait'] } });
    await remove();
    expect(await condition('NamespaceFinalizersRemaining')).toMatchObject({ status: 'True', reason: 'SomeFinalizersRemain', message: 'Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances' });
    expect(await condition('NamespaceDeletionContentFailure')).toMatchObject({ status: 'False', reason: 'ContentDeleted' });
    await cluster.client.resource(configMaps).modify('held', 'team', (copy) => ({ ...copy, metadata: { ...copy.metadata, finalizers: [] } }));
    await cluster.settle();
    expect(await exists()).toBe(false);
  });
});
