import { describe, expect, it } from 'vitest';
import type { PodDisruptionBudget } from '../../../api/policy.ts';
import { ago, makePod, testNow } from '../testing/builders.ts';
import { countPods, failedStatus, needsScale, reviewBudget } from './budget-status.ts';

const budget = (spec: PodDisruptionBudget['spec'], status?: PodDisruptionBudget['status']): PodDisruptionBudget => ({ metadata: { name: 'web', generation: 3 }, spec, ...(status ? { status } : {}) });
const web = [makePod('a'), makePod('b'), makePod('c', { ready: false }), makePod('d', { terminating: true })];
const counts = { expectedPods: 4, desiredHealthy: 1 };

describe('countPods', () => {
  it.each([
    [{ minAvailable: 2 }, false, { expectedPods: 7, desiredHealthy: 2 }],
    [{ minAvailable: '50%' }, true, { expectedPods: 7, desiredHealthy: 4 }],
    [{ maxUnavailable: 2 }, true, { expectedPods: 7, desiredHealthy: 5 }],
    [{ maxUnavailable: 9 }, true, { expectedPods: 7, desiredHealthy: 0 }],
    [{ maxUnavailable: '30%' }, true, { expectedPods: 7, desiredHealthy: 4 }],
    [{}, false, { expectedPods: 0, desiredHealthy: 0 }],
  ])('of %j', (spec, scale, expected) => {
    expect(needsScale(budget(spec))).toBe(scale);
    expect(countPods(budget(spec), 7)).toEqual(expected);
  });
});

describe('reviewBudget', () => {
  it('counts pods that are ready and stay', () => {
    expect(reviewBudget(budget({ minAvailable: 1 }), web, counts, testNow).status).toEqual({
      observedGeneration: 3, expectedPods: 4, desiredHealthy: 1, currentHealthy: 2, disruptionsAllowed: 1,
      conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', observedGeneration: 3, lastTransitionTime: ago(0) }],
    });
  });

  it('allows nothing below what must stay, nor while no pods are expected', () => {
    expect(reviewBudget(budget({}), web, { expectedPods: 4, desiredHealthy: 3 }, testNow).status).toMatchObject({ disruptionsAllowed: 0, conditions: [{ status: 'False', reason: 'InsufficientPods' }] });
    expect(reviewBudget(budget({}), web, { expectedPods: 0, desiredHealthy: 0 }, testNow).status.disruptionsAllowed).toBe(0);
  });

  it('does not count evicted pods for two minutes, then tells that they are still there', () => {
    const evicted = { a: ago(50), b: ago(121), d: ago(1), gone: ago(1) };
    const { status, notDeleted, recheckMs } = reviewBudget(budget({}, { disruptedPods: evicted, disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }), web, counts, testNow);
    expect(status).toMatchObject({ currentHealthy: 1, disruptedPods: { a: ago(50) } });
    expect(Object.keys(status.disruptedPods ?? {})).toEqual(['a']);
    expect(notDeleted.map((pod) => pod.metadata?.name)).toEqual(['b']);
    expect(recheckMs).toBe(70_000);
  });

  it('keeps the time of a condition that stays, and other conditions', () => {
    const other = { type: 'Mine', status: 'True', reason: 'Here', message: '', lastTransitionTime: ago(90) };
    const before = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'lost', lastTransitionTime: ago(60) };
    const status = { conditions: [before, other], disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    expect(reviewBudget(budget({}, status), [], counts, testNow).status.conditions).toEqual([{ ...before, reason: 'InsufficientPods', message: '', observedGeneration: 3 }, other]);
    expect(reviewBudget(budget({}, status), web, counts, testNow).status.conditions?.[0]).toMatchObject({ status: 'True', lastTransitionTime: ago(0) });
  });
});

it('failedStatus keeps the counts and allows nothing', () => {
  const status = { observedGeneration: 2, disruptionsAllowed: 2, currentHealthy: 4, desiredHealthy: 2, expectedPods: 4 };
  expect(failedStatus(budget({}, status), 'found no controllers for pod "a"', testNow)).toEqual({
    ...status, disruptionsAllowed: 0,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'found no controllers for pod "a"', observedGeneration: 2, lastTransitionTime: ago(0) }],
  });
});
