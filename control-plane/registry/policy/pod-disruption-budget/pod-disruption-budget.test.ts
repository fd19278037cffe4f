import { describe, expect, test } from 'vitest';
import { podDisruptionBudgets } from '../../../../api/resources.ts';
import { refusal } from '../../testing/refusal.ts';
import { creationProblems, statusProblems } from '../../testing/strategy-problems.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { podDisruptionBudgetStrategy as strategy } from './strategy.ts';

describe('a PodDisruptionBudget', () => {
  test.each<[object, string[]]>([
    [{}, []],
    [{ minAvailable: '50%', selector: {} }, []],
    [{ minAvailable: 1, maxUnavailable: 1 }, ['spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set']],
    [{ minAvailable: -1 }, ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0']],
    [{ maxUnavailable: '101%' }, ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%']],
    [{ maxUnavailable: 'few' }, ["spec.maxUnavailable: Invalid value: \"few\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]],
    [{ unhealthyPodEvictionPolicy: 'Never' }, ['spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"']],
  ])('%.110j', (spec, expected) => expect(creationProblems(strategy, { spec })).toEqual(expected));

  test('has conditions that say since when and why', () => {
    expect(statusProblems(strategy, { disruptionsAllowed: -1, conditions: [{ type: 'X', status: 'Perhaps', reason: 'no way' }] })).toEqual([
      'status.conditions[0].status: Unsupported value: "Perhaps": supported values: "False", "True", "Unknown"', 'status.conditions[0].lastTransitionTime: Required value: must be set',
      expect.stringMatching(/^status\.conditions\[0\]\.reason: Invalid value: "no way": a condition reason must start with alphabetic character/), 'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });

  test('is written over only by who has read it', async () => {
    const { registry, context } = await createTestRegistry();
    const store = registry.of(podDisruptionBudgets);
    const budget = await store.create(context, 'default', { metadata: { name: 'a' }, spec: { minAvailable: 1 } });
    expect([budget.metadata?.generation, budget.status]).toEqual([1, { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }]);
    const error = await refusal(store.update(context, { name: 'a', namespace: 'default', change: () => ({ metadata: { name: 'a' }, spec: { minAvailable: 2 } }) }));
    expect(error.status.message).toMatch(/metadata\.resourceVersion: Invalid value: 0: must be specified for an update$/);
  });
});
