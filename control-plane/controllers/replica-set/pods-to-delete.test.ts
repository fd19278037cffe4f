import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePod, testNow } from '../testing/builders.ts';
import type { PodFacts } from '../testing/builders.ts';
import { podsToDelete } from './pods-to-delete.ts';

describe('podsToDelete', () => {
  const cases: { name: string; first: PodFacts; second: PodFacts }[] = [
    { name: 'unassigned before assigned', first: {}, second: { node: 'n1' } },
    { name: 'Pending before Running', first: { node: 'n1', phase: 'Pending', ready: false }, second: { node: 'n1' } },
    { name: 'Unknown before Running', first: { node: 'n1', phase: 'Unknown' }, second: { node: 'n1' } },
    { name: 'not ready before ready', first: { node: 'n1', ready: false }, second: { node: 'n1' } },
    { name: 'lower deletion cost first', first: { node: 'n1', cost: '-5' }, second: { node: 'n1' } },
    { name: 'a cost that is no number counts as none', first: { node: 'n1', cost: '-1' }, second: { node: 'n1', cost: 'cheap' } },
    { name: 'ready for a short time first', first: { node: 'n1', readyForSeconds: 10 }, second: { node: 'n1', readyForSeconds: 1000 } },
    { name: 'more restarts first', first: { node: 'n1', restarts: 5 }, second: { node: 'n1', restarts: 1 } },
    { name: 'younger first', first: { node: 'n1', ageSeconds: 1100 }, second: { node: 'n1', ageSeconds: 9000 } },
    { name: 'not ready beats deletion cost', first: { node: 'n1', ready: false, cost: '100' }, second: { node: 'n1', cost: '-100' } },
  ];
  it.each(cases)('$name', ({ first, second }) => {
    // The names are chosen so that a tie would be decided the other way.
    const pods = [makePod('a', second), makePod('b', first)];
    expect(podsToDelete(pods, pods, 1, testNow).map(({ metadata }) => metadata?.name)).toEqual(['b']);
  });

  it('takes from the node with most pods of the workload, those of other ReplicaSets included', () => {
    const active = [makePod('a', { node: 'n1' }), makePod('b', { node: 'n2' })];
    const related = [...active, makePod('other', { node: 'n2' })];
    expect(podsToDelete(active, related, 1, testNow).map(({ metadata }) => metadata?.name)).toEqual(['b']);
  });

  it('gives exactly as many as asked, whatever the pods and their order', () => {
    const facts = fc.record({
      node: fc.constantFrom('n1', 'n2', ''), phase: fc.constantFrom('Pending', 'Running'), ready: fc.boolean(),
      readyForSeconds: fc.nat(5000), ageSeconds: fc.nat(5000), restarts: fc.nat(3),
    });
    fc.assert(fc.property(fc.array(facts, { maxLength: 12 }), fc.nat(12), fc.infiniteStream(fc.nat()), (list, count, shuffle) => {
      const pods = list.map((entry, index) => makePod(`pod-${index}`, entry));
      const shuffled = pods.map((pod) => ({ pod, order: shuffle.next().value as number })).sort((left, right) => left.order - right.order).map(({ pod }) => pod);
      const chosen = podsToDelete(pods, pods, count, testNow).map(({ metadata }) => metadata?.name);
      expect(chosen).toHaveLength(Math.min(count, pods.length));
      expect([...podsToDelete(shuffled, pods, count, testNow).map(({ metadata }) => metadata?.name)].sort()).toEqual([...chosen].sort());
    }));
  });
});
