import { describe, expect, it } from 'vitest';
import { makePod } from '../testing/builders.ts';
import { surplusFinishedPods, unscheduledTerminatingPods } from './plan-pod-gc.ts';

const names = (pods: { metadata?: { name?: string } }[]) => pods.map(({ metadata }) => metadata?.name);

describe('pod garbage', () => {
  it.each([{ threshold: 0, want: [] }, { threshold: 1, want: ['c', 'a'] }, { threshold: 2, want: ['c'] }, { threshold: 3, want: [] }])('the oldest finished pods beyond $threshold', ({ threshold, want }) => {
    const pods = [
      makePod('a', { phase: 'Succeeded', ageSeconds: 20 }), makePod('b', { phase: 'Failed', ageSeconds: 10 }), makePod('c', { phase: 'Failed', ageSeconds: 30 }),
      makePod('running', { ageSeconds: 90 }), makePod('going', { phase: 'Failed', terminating: true, ageSeconds: 99 }),
    ];
    expect(names(surplusFinishedPods(pods, threshold))).toEqual(want);
  });

  it('pods deleted before they had a node', () => {
    expect(names(unscheduledTerminatingPods([makePod('a', { terminating: true }), makePod('b', { terminating: true, node: 'n1' }), makePod('c')]))).toEqual(['a']);
  });
});
