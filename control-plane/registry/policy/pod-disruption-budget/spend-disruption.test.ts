import { beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../../../api/core.ts';
import type { PodDisruptionBudget } from '../../../../api/policy.ts';
import { podDisruptionBudgets } from '../../../../api/resources.ts';
import { refusal } from '../../testing/refusal.ts';
import { createTestRegistry, type TestRegistry } from '../../testing/test-registry.ts';
import { spendDisruption } from './spend-disruption.ts';

const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const pod = (status: object = ready, metadata: object = {}): Pod => ({ metadata: { name: 'web-0', namespace: 'default', labels: { app: 'web' }, ...metadata }, status });
const current = { observedGeneration: 1, expectedPods: 3, desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 1 };

let cluster: TestRegistry;
beforeEach(async () => { cluster = await createTestRegistry(); });

async function addBudget(status: object | undefined, spec: object = {}, name = 'web'): Promise<void> {
  const store = cluster.registry.of(podDisruptionBudgets);
  await store.create(cluster.context, 'default', { metadata: { name }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } }, ...spec } });
  if (status) await store.update(cluster.context, { name, namespace: 'default', subresource: 'status', change: (budget) => ({ ...budget, status: status as NonNullable<PodDisruptionBudget['status']> }) });
}

const budget = () => cluster.registry.of(podDisruptionBudgets).get('web', 'default');
const spend = (evicted = pod(), dryRun = false) => spendDisruption({ ...cluster, context: { ...cluster.context, dryRun } }, evicted);

describe('an eviction', () => {
  test('needs no budget where there is none for the pod', async () => {
    await addBudget(current, { selector: { matchLabels: { app: 'other' } } });
    await addBudget(current, { selector: undefined }, 'nothing');
    await spend();
    expect(budget().status?.disruptionsAllowed).toBe(1);
  });

  test('takes one of the disruptions that are allowed; the next one waits', async () => {
    await addBudget(current);
    await spend();
    expect(budget().status).toMatchObject({
      disruptionsAllowed: 0, disruptedPods: { 'web-0': expect.stringMatching(/^20.*Z$/) as string },
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', observedGeneration: 1 }],
    });
    const { status } = await refusal(spend());
    expect(status).toEqual({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 429, reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget web needs 2 healthy pods and has 3 currently' }] },
    });
  });

  test('of a dry run takes nothing', async () => {
    await addBudget(current);
    await spend(pod(), true);
    expect(budget().status?.disruptionsAllowed).toBe(1);
  });

  test('waits for a budget that nobody has counted yet', async () => {
    await addBudget(undefined);
    const { status } = await refusal(spend());
    expect([status.code, status.details]).toEqual([429, { retryAfterSeconds: 10, causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget web is still being processed by the server.' }] }]);
  });

  test.each([
    ['has ended', pod({ phase: 'Succeeded' })], ['has not begun', pod({ phase: 'Pending' })], ['is going away', pod(ready, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['is not healthy, while enough are', pod({ phase: 'Running' })],
  ])('of a pod that %s is free', async (_what, evicted) => {
    await addBudget({ ...current, disruptionsAllowed: 0 });
    await spend(evicted);
    expect(budget().status?.disruptedPods).toBeUndefined();
  });

  test('of an unhealthy pod is free with AlwaysAllow only, when too few are healthy', async () => {
    await addBudget({ ...current, currentHealthy: 1, disruptionsAllowed: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    await spend(pod({ phase: 'Running' }));
    expect((await refusal(spend())).code).toBe(429);
  });

  test('cannot choose between two budgets', async () => {
    await addBudget(current);
    await addBudget(current, {}, 'second');
    expect((await refusal(spend())).status).toMatchObject({ code: 500, message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.' });
  });
});
