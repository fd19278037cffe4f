import { afterEach, describe, expect, it } from 'vitest';
import type { Pod, ReplicationController } from '../../../api/core.ts';
import { controllerOf } from '../../../api/meta.ts';
import { events, pods, replicationControllers } from '../../../api/resources.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

const template = { metadata: { labels: { app: 'web', tier: 'front' } }, spec: { containers: [{ name: 'main', image: 'web' }] } };
const makeController = (replicas: number, more: object = {}): ReplicationController => ({ metadata: { name: 'web', namespace: 'default' }, spec: { replicas, template, ...more } });

describe('the controller of ReplicationControllers', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());
  const get = () => cluster.client.resource(replicationControllers).get('web', 'default');
  const start = async (replicas: number, more: object = {}) => {
    cluster = await startTestCluster({ only: ['replication-controller', 'replica-set'] });
    await cluster.client.resource(replicationControllers).create(makeController(replicas, more));
    await cluster.settle();
  };

  it('creates, scales and reports, by the selector that the template gives', async () => {
    await start(2);
    expect((await get()).status).toEqual({ replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2, observedGeneration: 1 });
    expect(cluster.pods()[0]?.metadata).toMatchObject({ generateName: 'web-', ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name: 'web', controller: true }] });
    const sources = (await cluster.client.resource(events).list()).items.map(({ reason, source }) => `${reason} ${source?.component}`);
    expect(new Set(sources)).toEqual(new Set(['SuccessfulCreate replication-controller']));
    await cluster.client.resource(replicationControllers).modify('web', 'default', (copy) => ({ ...copy, spec: { ...copy.spec, replicas: 1 } }));
    await cluster.settle();
    expect(cluster.pods()).toHaveLength(1);
    expect((await get()).status?.replicas).toBe(1);
  });

  it('adopts what matches its selector alone, and releases a pod whose labels change', async () => {
    await start(0, { selector: { app: 'web' } });
    const orphan = (name: string, app: string): Pod => ({ metadata: { name, namespace: 'default', labels: { app } }, spec: { containers: [{ name: 'main', image: 'web' }] } });
    await cluster.client.resource(replicationControllers).modify('web', 'default', (copy) => ({ ...copy, spec: { ...copy.spec, replicas: 1 } }));
    await cluster.settle();
    const [own] = cluster.pods();
    await cluster.client.resource(pods).create(orphan('other', 'other'));
    await cluster.client.resource(pods).modify(own!.metadata!.name!, 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, labels: { app: 'gone' } } }));
    await cluster.settle();
    expect(controllerOf(await cluster.client.resource(pods).get(own!.metadata!.name!, 'default'))).toBeUndefined();
    expect(controllerOf(await cluster.client.resource(pods).get('other', 'default'))).toBeUndefined();
    expect(cluster.pods()).toHaveLength(3);
    await cluster.client.resource(pods).create(orphan('match', 'web'));
    await cluster.settle();
    expect(cluster.pods().filter((pod) => controllerOf(pod)?.name === 'web')).toHaveLength(1);
  });
});
