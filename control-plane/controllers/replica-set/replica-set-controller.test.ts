import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReplicaSet } from '../../../api/apps.ts';
import type { Pod } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { controllerOf } from '../../../api/meta.ts';
import { events, pods, replicaSets, serviceAccounts } from '../../../api/resources.ts';
import { startTestCluster } from '../testing/test-cluster.ts';
import type { TestCluster, TestClusterOptions } from '../testing/test-cluster.ts';
import { isPodActive } from '../pod-readiness.ts';

const template = { metadata: { labels: { app: 'web', tier: 'front' } }, spec: { containers: [{ name: 'main', image: 'web' }] } };
const makeSet = (replicas: number): ReplicaSet => ({
  apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'web', namespace: 'default' }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template },
});

async function ifThere(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

describe('ReplicaSetController', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  const start = async (options: TestClusterOptions = {}) => {
    cluster = await startTestCluster({ only: ['replica-set'], ...options });
  };
  const create = async (replicas: number) => {
    await cluster.client.resource(replicaSets).create(makeSet(replicas));
    await cluster.settle();
  };
  const scale = async (replicas: number) => {
    await cluster.client.resource(replicaSets).modify('web', 'default', (copy) => ({ ...copy, spec: { ...copy.spec!, replicas } }));
    await cluster.settle();
  };
  const get = () => cluster.client.resource(replicaSets).get('web', 'default');
  const eventTexts = async () => (await cluster.client.resource(events).list()).items.map(({ reason, message }) => `${reason}: ${message}`);

  it('creates, scales up and down, and reports it', async () => {
    await start();
    await create(3);
    expect((await get()).status).toMatchObject({ replicas: 3, fullyLabeledReplicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 });
    const [pod] = cluster.pods();
    expect(pod?.metadata).toMatchObject({ generateName: 'web-', labels: template.metadata.labels, ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true, blockOwnerDeletion: true }] });
    expect(await eventTexts()).toContain(`SuccessfulCreate: Created pod: ${pod?.metadata?.name}`);
    await scale(5);
    expect(cluster.pods()).toHaveLength(5);
    await scale(1);
    expect(cluster.pods()).toHaveLength(1);
    expect((await eventTexts()).filter((text) => text.startsWith('SuccessfulDelete: Deleted pod: web-'))).toHaveLength(4);
    await scale(0);
    expect((await get()).status).toMatchObject({ replicas: 0, observedGeneration: 4 });
  });

  it('replaces a pod that is deleted or has finished', async () => {
    await start();
    await create(2);
    const [first, second] = cluster.pods().map((pod) => pod.metadata?.name ?? '');
    await cluster.client.resource(pods).delete(first!, 'default');
    await cluster.client.resource(pods).modify(second!, 'default', (copy) => ({ ...copy, status: { ...copy.status, phase: 'Failed' } }), 'status');
    await cluster.settle();
    const active = cluster.pods().filter(isPodActive).map((pod) => pod.metadata?.name);
    expect(active).toHaveLength(2);
    expect(active).not.toContain(first);
    expect(active).not.toContain(second);
  });

  it('adopts matching orphans, and releases a pod whose labels no longer match', async () => {
    await start();
    const orphan: Pod = { metadata: { name: 'orphan', namespace: 'default', labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web' }] } };
    await cluster.client.resource(pods).create(orphan);
    await create(2);
    expect(cluster.pods()).toHaveLength(2);
    expect(controllerOf(await cluster.client.resource(pods).get('orphan', 'default'))?.name).toBe('web');
    expect((await get()).status).toMatchObject({ replicas: 2, fullyLabeledReplicas: 1 });
    await cluster.client.resource(pods).modify('orphan', 'default', (copy) => ({ ...copy, metadata: { ...copy.metadata, labels: { app: 'other' } } }));
    await cluster.settle();
    expect((await cluster.client.resource(pods).get('orphan', 'default')).metadata?.ownerReferences).toBeUndefined();
    expect(cluster.pods()).toHaveLength(3);
  });

  it('says why it cannot create pods, and goes on when it can', async () => {
    await start();
    await cluster.client.resource(serviceAccounts).delete('default', 'default');
    await cluster.client.resource(replicaSets).create(makeSet(2));
    await cluster.advance(3000, 100);
    const failure = (await get()).status?.conditions?.[0];
    expect(failure).toMatchObject({ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: expect.stringContaining('serviceaccount "default" not found') });
    expect((await eventTexts()).some((text) => text.startsWith('FailedCreate: Error creating: pods "web-'))).toBe(true);
    await cluster.client.resource(serviceAccounts).create({ metadata: { name: 'default', namespace: 'default' } });
    await cluster.advance(10_000);
    expect((await get()).status).toMatchObject({ replicas: 2, availableReplicas: 2 });
    expect((await get()).status?.conditions ?? []).toEqual([]);
  });

  it('counts terminating pods apart', async () => {
    await start({ stopMs: 5000 });
    const terminationGracePeriodSeconds = 30;
    const set = makeSet(2);
    await cluster.client.resource(replicaSets).create({ ...set, spec: { ...set.spec!, template: { ...template, spec: { ...template.spec, terminationGracePeriodSeconds } } } });
    await cluster.settle();
    await scale(0);
    expect((await get()).status).toMatchObject({ replicas: 0, terminatingReplicas: 2 });
    await cluster.advance(6000);
    expect((await get()).status).toMatchObject({ replicas: 0, terminatingReplicas: 0 });
  });
});

describe('a ReplicaSet', () => {
  it('converges whatever happens, also when its controller is stopped and started at any moment', async () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('scale' as const), to: fc.nat(6) }),
      fc.record({ do: fc.constant('kill' as const), which: fc.nat(5) }),
      fc.record({ do: fc.constant('fail' as const), which: fc.nat(5) }),
      fc.record({ do: fc.constant('restart' as const), after: fc.nat(4) }),
    );
    await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 8 }), async (actions) => {
      const cluster = await startTestCluster({ only: ['replica-set'] });
      try {
        await cluster.client.resource(replicaSets).create(makeSet(3));
        let wanted = 3;
        for (const step of actions) {
          const victim = 'which' in step ? cluster.pods()[step.which]?.metadata?.name : undefined;
          if (step.do === 'scale') {
            wanted = step.to;
            await cluster.client.resource(replicaSets).modify('web', 'default', (copy) => ({ ...copy, spec: { ...copy.spec!, replicas: wanted } }));
          }
          // The controller may be quicker: a pod that is gone by then needs no killing.
          if (step.do === 'kill' && victim) await ifThere(() => cluster.client.resource(pods).delete(victim, 'default', { gracePeriodSeconds: 0 }));
          if (step.do === 'fail' && victim) await ifThere(() => cluster.client.resource(pods).modify(victim, 'default', (copy) => ({ ...copy, status: { ...copy.status, phase: 'Failed' } }), 'status'));
          if (step.do === 'restart') {
            for (let turn = 0; turn < step.after; turn++) await new Promise((resolve) => setImmediate(resolve));
            await cluster.stopControllers();
            await cluster.startControllers();
          }
        }
        await cluster.settle();
        expect(cluster.pods().filter(isPodActive)).toHaveLength(wanted);
        expect((await cluster.client.resource(replicaSets).get('web', 'default')).status).toMatchObject({ replicas: wanted, availableReplicas: wanted });
      } finally {
        await cluster.stop();
      }
    }), { numRuns: 30 });
  });
});
