import { afterEach, describe, expect, it } from 'vitest';
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import { deployments, events, replicaSets } from '../../../api/resources.ts';
import { makeDeployment, startTestCluster } from '../testing/test-cluster.ts';
import type { TestCluster, TestClusterOptions } from '../testing/test-cluster.ts';
import { revisionAnnotation, revisionHistoryAnnotation } from './deployment-annotations.ts';
import { getCondition } from './deployment-conditions.ts';

const only = ['deployment', 'replica-set'];

describe('DeploymentController', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  const start = async (options: TestClusterOptions = {}) => {
    cluster = await startTestCluster({ only, ...options });
  };
  const create = async (image = 'web:1', spec: Partial<NonNullable<Deployment['spec']>> = {}) => {
    await cluster.client.resource(deployments).create(makeDeployment('web', image, spec));
    await cluster.settle();
  };
  const change = async (edit: (copy: Deployment) => Deployment) => {
    await cluster.client.resource(deployments).modify('web', 'default', edit);
    await cluster.settle();
  };
  const setSpec = (spec: Partial<NonNullable<Deployment['spec']>>) => change((copy) => ({ ...copy, spec: { ...copy.spec!, ...spec } }));
  const setImage = (image: string) => change((copy) => ({ ...copy, spec: { ...copy.spec!, template: makeDeployment('web', image).spec!.template } }));
  const get = () => cluster.client.resource(deployments).get('web', 'default');
  const sets = async (): Promise<ReplicaSet[]> => (await cluster.client.resource(replicaSets).list({ namespace: 'default' })).items;
  const setOf = async (image: string) => (await sets()).find((set) => set.spec?.template?.spec?.containers[0]?.image === image);
  const messages = async (reason: string) => (await cluster.client.resource(events).list({ namespace: 'default' })).items
    .filter((event) => event.reason === reason).map((event) => event.message);
  const progressing = async () => getCondition((await get()).status, 'Progressing');

  it('creates a ReplicaSet whose pods become available', async () => {
    await start();
    await create();
    const deployment = await get();
    const [set] = await sets();
    const hash = set?.metadata?.labels?.['pod-template-hash'];
    expect(set?.metadata).toMatchObject({
      name: `web-${hash}`, labels: { app: 'web', 'pod-template-hash': hash },
      annotations: { [revisionAnnotation]: '1', 'deployment.kubernetes.io/desired-replicas': '3', 'deployment.kubernetes.io/max-replicas': '4' },
      ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true, blockOwnerDeletion: true }],
    });
    expect(set?.spec?.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(deployment.status).toMatchObject({ observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
    expect(deployment.metadata?.annotations?.[revisionAnnotation]).toBe('1');
    expect(getCondition(deployment.status, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' });
    expect(getCondition(deployment.status, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable', message: `ReplicaSet "web-${hash}" has successfully progressed.` });
    expect(await messages('ScalingReplicaSet')).toEqual([`Scaled up replica set web-${hash} from 0 to 3`]);
  });

  it('rolls to a new template and keeps the old ReplicaSet for history', async () => {
    await start();
    await create();
    await setImage('web:2');
    const old = await setOf('web:1');
    const fresh = await setOf('web:2');
    expect([old?.spec?.replicas, fresh?.spec?.replicas]).toEqual([0, 3]);
    expect((await get()).metadata?.annotations?.[revisionAnnotation]).toBe('2');
    expect((await get()).status).toMatchObject({ replicas: 3, updatedReplicas: 3, availableReplicas: 3, observedGeneration: 2 });
    expect(cluster.pods().map((pod) => pod.spec?.containers[0]?.image)).toEqual(['web:2', 'web:2', 'web:2']);
  });

  it('undo gives the old ReplicaSet the newest revision and remembers the one it had', async () => {
    await start();
    await create();
    await setImage('web:2');
    await setImage('web:1');
    const old = await setOf('web:1');
    expect(old?.metadata?.annotations).toMatchObject({ [revisionAnnotation]: '3', [revisionHistoryAnnotation]: '1' });
    expect((await get()).metadata?.annotations?.[revisionAnnotation]).toBe('3');
    expect(await sets()).toHaveLength(2);
    expect(old?.spec?.replicas).toBe(3);
  });

  it('restart (a template annotation) replaces every pod', async () => {
    await start();
    await create();
    const before = new Set(cluster.pods().map((pod) => pod.metadata?.uid));
    await change((copy) => ({
      ...copy,
      spec: { ...copy.spec!, template: { ...copy.spec!.template, metadata: { ...copy.spec!.template.metadata, annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } },
    }));
    expect(cluster.pods()).toHaveLength(3);
    expect(cluster.pods().some((pod) => before.has(pod.metadata?.uid))).toBe(false);
  });

  it('does not roll while paused, but scales, and rolls when resumed', async () => {
    await start();
    await create();
    await setSpec({ paused: true });
    expect(await progressing()).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' });
    await setImage('web:2');
    expect(await sets()).toHaveLength(1);
    await setSpec({ replicas: 5 });
    expect((await setOf('web:1'))?.spec?.replicas).toBe(5);
    await setSpec({ paused: false });
    expect((await setOf('web:2'))?.spec?.replicas).toBe(5);
    expect(await progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('stops a rollout that makes no progress at maxUnavailable, reports the deadline, and recovers', async () => {
    await start({ turnsReady: (pod) => pod.spec?.containers[0]?.image !== 'bad' });
    await create('web:1', { progressDeadlineSeconds: 30 });
    await setImage('bad');
    expect([(await setOf('web:1'))?.spec?.replicas, (await setOf('bad'))?.spec?.replicas]).toEqual([3, 1]);
    expect(await progressing()).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    await cluster.advance(40_000);
    expect(await progressing()).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded', message: expect.stringMatching(/^ReplicaSet "web-\w+" has timed out progressing\.$/) });
    expect((await get()).status).toMatchObject({ availableReplicas: 3, unavailableReplicas: 1, updatedReplicas: 1 });
    await setImage('web:1');
    expect(await progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
    expect(cluster.pods().map((pod) => pod.spec?.containers[0]?.image)).toEqual(['web:1', 'web:1', 'web:1']);
  });

  it('scales in proportion in the middle of a rollout', async () => {
    await start({ turnsReady: (pod) => pod.spec?.containers[0]?.image !== 'bad' });
    await create('web:1', { replicas: 10, strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } });
    await setImage('bad');
    expect([(await setOf('web:1'))?.spec?.replicas, (await setOf('bad'))?.spec?.replicas]).toEqual([8, 5]);
    await setSpec({ replicas: 15 });
    expect([(await setOf('web:1'))?.spec?.replicas, (await setOf('bad'))?.spec?.replicas]).toEqual([11, 7]);
  });

  it('Recreate: the last old pod is gone before the first new one comes', async () => {
    await start({ stopMs: 5000 });
    await create('web:1', { strategy: { type: 'Recreate' } });
    await setImage('web:2');
    expect(cluster.pods().map((pod) => pod.spec?.containers[0]?.image)).toEqual(['web:1', 'web:1', 'web:1']);
    expect(await setOf('web:2')).toBeUndefined();
    await cluster.advance(6000);
    expect(cluster.pods().map((pod) => pod.spec?.containers[0]?.image)).toEqual(['web:2', 'web:2', 'web:2']);
  });

  it('waits minReadySeconds before a pod counts', async () => {
    await start();
    await create('web:1', { minReadySeconds: 10 });
    expect((await get()).status).toMatchObject({ readyReplicas: 3, availableReplicas: 0, unavailableReplicas: 3 });
    expect(getCondition((await get()).status, 'Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable' });
    await cluster.advance(11_000);
    expect((await get()).status).toMatchObject({ readyReplicas: 3, availableReplicas: 3 });
  });

  it('keeps revisionHistoryLimit old ReplicaSets', async () => {
    await start();
    await create('web:1', { revisionHistoryLimit: 1 });
    for (const image of ['web:2', 'web:3', 'web:4']) await setImage(image);
    expect((await sets()).map((set) => set.spec?.template?.spec?.containers[0]?.image).sort()).toEqual(['web:3', 'web:4']);
  });

  it('adopts an orphaned ReplicaSet that it matches and releases one that it no longer matches', async () => {
    await start();
    await create();
    const [own] = await sets();
    await cluster.client.resource(replicaSets).modify(own?.metadata?.name ?? '', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, ownerReferences: [] } }));
    await cluster.settle();
    expect((await sets())[0]?.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'Deployment', name: 'web' });
    await cluster.client.resource(replicaSets).modify(own?.metadata?.name ?? '', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, labels: { app: 'other' } } }));
    await cluster.settle();
    expect((await cluster.client.resource(replicaSets).get(own?.metadata?.name ?? '', 'default')).metadata?.ownerReferences ?? []).toEqual([]);
  });

  it('counts a hash collision and takes another name', async () => {
    await start();
    await create();
    const name = (await sets())[0]?.metadata?.name ?? '';
    await cluster.client.resource(deployments).delete('web', 'default');
    await cluster.settle();
    // Without the garbage collector the ReplicaSet stays: it is in the way of the next Deployment of this name.
    await create();
    await cluster.advance(1000);
    expect((await get()).status?.collisionCount).toBe(1);
    expect((await sets()).map((set) => set.metadata?.name)).toHaveLength(2);
    expect((await sets()).filter((set) => set.metadata?.name !== name)[0]?.spec?.replicas).toBe(3);
  });

  it('writes nothing when nothing changes', async () => {
    await start();
    await create();
    const revision = cluster.test.storage.revision;
    await cluster.stopControllers();
    await cluster.startControllers();
    await cluster.advance(20_000);
    expect(cluster.test.storage.revision).toBe(revision);
  });
});
