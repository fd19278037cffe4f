import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../../api/core.ts';
import type { PodDisruptionBudget } from '../../../api/policy.ts';
import { deployments, events, jobs, podDisruptionBudgets, pods, replicationControllers, statefulSets } from '../../../api/resources.ts';
import { timestamp } from '../../../machinery/clock.ts';
import { spendDisruption } from '../../registry/policy/pod-disruption-budget/spend-disruption.ts';
import { makeDeployment, startTestCluster } from '../testing/test-cluster.ts';
import type { TestCluster } from '../testing/test-cluster.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const only = ['disruption', 'stale-disruption', 'deployment', 'replica-set'];
const start = async () => { cluster = await startTestCluster({ only }); };

async function addBudget(spec: PodDisruptionBudget['spec'], name = 'web'): Promise<void> {
  await cluster.client.resource(podDisruptionBudgets).create({ metadata: { name, namespace: 'default' }, spec: { selector: { matchLabels: { app: 'web' } }, ...spec } });
  await cluster.settle();
}

const status = async (name = 'web') => (await cluster.client.resource(podDisruptionBudgets).get(name, 'default')).status;
const addPod = async (name: string, metadata: Pod['metadata'] = {}) => {
  await cluster.client.resource(pods).create({ metadata: { name, namespace: 'default', labels: { app: 'web' }, ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  await cluster.settle();
};
const reasons = async () => (await cluster.client.resource(events).list()).items.map((event) => event.reason);

describe('DisruptionController', () => {
  it('follows the pods of a Deployment through readiness, eviction and a changed budget', async () => {
    await start();
    await cluster.client.resource(deployments).create(makeDeployment('web', 'one', { replicas: 4 }));
    await addBudget({ minAvailable: '50%' });
    expect(await status()).toMatchObject({
      observedGeneration: 1, expectedPods: 4, desiredHealthy: 2, currentHealthy: 4, disruptionsAllowed: 2,
      conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', observedGeneration: 1 }],
    });
    await cluster.setPodReady(cluster.pods()[0]?.metadata?.name ?? '', false);
    await cluster.settle();
    expect(await status()).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 1 });
    await cluster.client.resource(podDisruptionBudgets).modify('web', 'default', (copy) => ({ ...copy, spec: { ...copy.spec, minAvailable: 3 } }));
    await cluster.settle();
    expect(await status()).toMatchObject({ observedGeneration: 2, desiredHealthy: 3, disruptionsAllowed: 0, conditions: [{ status: 'False', reason: 'InsufficientPods' }] });
  });

  it('counts a Deployment once while its ReplicaSets share its pods', async () => {
    await start();
    await cluster.client.resource(deployments).create(makeDeployment('web', 'one', { replicas: 2, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }));
    await addBudget({ maxUnavailable: 1 });
    await cluster.client.resource(deployments).modify('web', 'default', (copy) => ({ ...copy, spec: makeDeployment('web', 'two', { replicas: 2 }).spec }));
    await cluster.settle();
    expect(await status()).toMatchObject({ expectedPods: 2, desiredHealthy: 1 });
  });

  it('asks StatefulSets and ReplicationControllers, and counts pods of nobody for a whole number only', async () => {
    await start();
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const set = await cluster.client.resource(statefulSets).create({ metadata: { name: 'db', namespace: 'default' }, spec: { replicas: 3, serviceName: 'db', selector: { matchLabels: { app: 'web' } }, template } });
    const old = await cluster.client.resource(replicationControllers).create({ metadata: { name: 'rc', namespace: 'default' }, spec: { replicas: 2, selector: { app: 'web' }, template } });
    await addPod('db-0', { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: set.metadata?.uid ?? '', controller: true }] });
    await addPod('rc-x', { ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name: 'rc', uid: old.metadata?.uid ?? '', controller: true }] });
    await addPod('alone');
    await addBudget({ minAvailable: '40%' });
    expect(await status()).toMatchObject({ expectedPods: 5, desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 1 });
    await addBudget({ minAvailable: 1 }, 'whole');
    expect(await status('whole')).toMatchObject({ expectedPods: 3, desiredHealthy: 1, disruptionsAllowed: 2 });
    await addPod('another');
    await cluster.advance(1000);
    expect(await reasons()).toEqual(expect.arrayContaining(['UnmanagedPods', 'MultiplePodDisruptionBudgets']));
  });

  it.each([
    ['is of a kind without scale', { apiVersion: 'batch/v1', kind: 'Job' }, 'jobs.batch does not implement the scale subresource'],
    ['is of a kind that nobody knows', { apiVersion: 'example.com/v1', kind: 'Band' }, 'no matches for kind "Band" in version "example.com/v1"'],
    ['is gone', { apiVersion: 'apps/v1', kind: 'StatefulSet' }, 'found no controllers for pod "p"'],
  ])('allows nothing when the controller of a pod %s', async (_what, kind, message) => {
    await start();
    await cluster.client.resource(jobs).create({ metadata: { name: 'x', namespace: 'default' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } });
    await addPod('p', { ownerReferences: [{ ...kind, name: 'x', uid: 'u', controller: true }] });
    await addBudget({ maxUnavailable: 1 });
    expect(await status()).toMatchObject({ disruptionsAllowed: 0, conditions: [{ status: 'False', reason: 'SyncFailed', message }] });
  });

  it('takes an evicted pod for going, until two minutes have passed', async () => {
    await start();
    await addPod('a');
    await addPod('b');
    await addBudget({ minAvailable: 1 });
    const { registry, context, clock, client } = cluster.test;
    await spendDisruption({ registry, context, clock }, await client.resource(pods).get('a', 'default'));
    await cluster.settle();
    expect(await status()).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0, disruptedPods: { a: timestamp(clock.now()) } });
    await cluster.advance(121_000, 30_000);
    expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
    expect((await status())?.disruptedPods).toBeUndefined();
    expect(await reasons()).toContain('NotDeleted');
  });

  it('covers all pods with an empty selector, none without one', async () => {
    await start();
    await addPod('a');
    await addBudget({ minAvailable: 0, selector: {} }, 'all');
    await addBudget({ minAvailable: 0, selector: undefined }, 'none');
    expect(await status('all')).toMatchObject({ expectedPods: 1, disruptionsAllowed: 1 });
    expect(await status('none')).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0 });
  });
});

describe('StaleDisruptionController', () => {
  it('takes back an announcement after two minutes, but not one of the board', async () => {
    await start();
    for (const [name, reason] of [['a', 'EvictionByEvictionAPI'], ['b', 'TerminationByKubelet']] as const) {
      await addPod(name);
      await cluster.client.resource(pods).modify(name, 'default', (copy) => ({
        ...copy, status: { ...copy.status, conditions: [{ type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: timestamp(cluster.test.clock.now()) }] },
      }), 'status');
    }
    const condition = async (name: string) => (await cluster.client.resource(pods).get(name, 'default')).status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    await cluster.advance(119_000, 17_000);
    expect(await condition('a')).toMatchObject({ status: 'True' });
    await cluster.advance(2000);
    expect(await condition('a')).toEqual({ type: 'DisruptionTarget', status: 'False', lastTransitionTime: timestamp(cluster.test.clock.now() - 1000) });
    expect(await condition('b')).toMatchObject({ status: 'True' });
  });
});
