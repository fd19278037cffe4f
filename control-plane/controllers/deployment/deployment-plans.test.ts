import { describe, expect, it } from 'vitest';
import { makePod, makeReplicaSet, makeRollout } from '../testing/builders.ts';
import { maxRevision, newReplicaSetAnnotations } from './deployment-annotations.ts';
import { podTemplateHash } from './hash.ts';
import { planHistoryCleanup } from './history.ts';
import { planScale } from './proportional.ts';
import { planRecreate } from './recreate.ts';
import { selectReplicaSets } from './replica-set-selection.ts';
import { maxSurge, maxUnavailable } from './rollout-limits.ts';
import { sizes } from '../testing/builders.ts';

describe('rollout limits', () => {
  it.each([
    { replicas: 10, surge: '25%', unavailable: '25%', want: [3, 2] },
    { replicas: 1, surge: '25%', unavailable: '25%', want: [1, 0] },
    { replicas: 3, surge: 0, unavailable: 0, want: [0, 1] },
    { replicas: 3, surge: '0%', unavailable: '10%', want: [0, 1] },
    { replicas: 2, surge: 1, unavailable: 5, want: [1, 2] },
    { replicas: 0, surge: 1, unavailable: 1, want: [1, 0] },
  ])('$replicas replicas, $surge, $unavailable', ({ replicas, surge, unavailable, want }) => {
    const deployment = makeRollout(replicas, surge, unavailable);
    expect([maxSurge(deployment), maxUnavailable(deployment)]).toEqual(want);
  });
});

describe('podTemplateHash', () => {
  const template = { metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [{ name: 'main', image: 'web' }] } };

  it('does not depend on the order of fields, nor on what is empty', () => {
    const other = { spec: { containers: [{ image: 'web', name: 'main' }], volumes: [] }, metadata: { labels: { b: '2', a: '1' }, annotations: {} } };
    expect(podTemplateHash(other, 0)).toBe(podTemplateHash(template, 0));
  });

  it('depends on the content and on collisions, and is a label value', () => {
    const hashes = [podTemplateHash(template, 0), podTemplateHash(template, 1), podTemplateHash({ ...template, metadata: {} }, 0)];
    expect(new Set(hashes).size).toBe(3);
    for (const hash of hashes) expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  });
});

describe('selectReplicaSets', () => {
  it('takes the oldest with the present template as the new one, whatever its hash label', () => {
    const first = makeReplicaSet('first', 1, { ageSeconds: 30 });
    const second = makeReplicaSet('new', 1, { ageSeconds: 20 });
    const third = { ...makeReplicaSet('new', 1, { ageSeconds: 10 }), metadata: { name: 'third', creationTimestamp: '2026-01-01T00:59:59Z' } };
    second.spec!.template!.metadata = { labels: { 'pod-template-hash': 'x' } };
    const { newReplicaSet, oldReplicaSets } = selectReplicaSets(makeRollout(1, 1, 0), [third, second, first]);
    expect(newReplicaSet).toBe(second);
    expect(oldReplicaSets).toEqual([first, third]);
  });
});

describe('newReplicaSetAnnotations', () => {
  const deployment = { ...makeRollout(1, 1, 0), metadata: { annotations: { note: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'deployment.kubernetes.io/revision': '7' } } };

  it.each([
    { name: 'copies notes, not bookkeeping', current: undefined, revision: 1, want: { note: 'x', 'deployment.kubernetes.io/revision': '1' } },
    {
      name: 'a revision that comes back is remembered', current: { 'deployment.kubernetes.io/revision': '2', 'deployment.kubernetes.io/revision-history': '1' }, revision: 4,
      want: { note: 'x', 'deployment.kubernetes.io/revision': '4', 'deployment.kubernetes.io/revision-history': '1,2' },
    },
    { name: 'numbers are compared as numbers', current: { 'deployment.kubernetes.io/revision': '10' }, revision: 9, want: { note: 'x', 'deployment.kubernetes.io/revision': '10' } },
    { name: 'revisions have 64 bits', current: undefined, revision: 3546343826724305833n, want: { note: 'x', 'deployment.kubernetes.io/revision': '3546343826724305833' } },
  ])('$name', ({ current, revision, want }) => {
    expect(newReplicaSetAnnotations(deployment, current as Record<string, string> | undefined, BigInt(revision))).toEqual(want);
  });

  it('goes on from the newest of the others, however large', () => {
    const numbered = ['3546343826724305832', '7', 'none'].map((text, index) => ({ ...makeReplicaSet(`old${index}`, 0), metadata: { annotations: { 'deployment.kubernetes.io/revision': text } } }));
    expect(maxRevision(numbered) + 1n).toBe(3546343826724305833n);
  });
});

describe('planScale', () => {
  const told = (desired: number, max: number) => ({ 'deployment.kubernetes.io/desired-replicas': String(desired), 'deployment.kubernetes.io/max-replicas': String(max) });
  const scale = (replicas: number, surge: number, fresh: [number, number?], old: [number, number?][], before: [number, number]): Record<string, number> =>
    sizes(planScale(makeRollout(replicas, surge, 0), {
      newReplicaSet: makeReplicaSet('new', fresh[0], { available: fresh[1] ?? 0, annotations: told(...before) }),
      oldReplicaSets: old.map(([size, available], index) => makeReplicaSet(`old${index}`, size, { available: available ?? size, ageSeconds: 100 - index, annotations: told(...before) })),
    }));

  it.each([
    { name: 'the only active one takes all', args: [5, 1, [0], [[3]], [3, 4]], want: { old0: 5 } },
    { name: 'a saturated new one ends the old', args: [3, 0, [3, 3], [[2]], [3, 3]], want: { old0: 0 } },
    { name: 'growth in proportion', args: [20, 0, [5], [[5]], [10, 10]], want: { new: 10, old0: 10 } },
    { name: 'the rest of rounding goes to the biggest', args: [8, 0, [2], [[3]], [5, 5]], want: { old0: 5, new: 3 } },
    { name: 'shrinking in proportion', args: [5, 0, [5], [[5]], [10, 10]], want: { new: 3, old0: 2 } },
    { name: 'down to nothing', args: [0, 2, [5], [[3]], [6, 8]], want: { new: 0, old0: 0 } },
  ] as const)('$name', ({ args, want }) => {
    const [replicas, surge, fresh, old, before] = args as unknown as Parameters<typeof scale>;
    expect(scale(replicas, surge, fresh, old, before)).toEqual(want);
  });
});

describe('planHistoryCleanup', () => {
  it('deletes the lowest revisions over the limit, never one with pods', () => {
    const sets = [3, 1, 2].map((revision) => makeReplicaSet(`r${revision}`, revision === 1 ? 1 : 0, { annotations: { 'deployment.kubernetes.io/revision': String(revision) } }));
    const deployment = makeRollout(1, 1, 0);
    expect(planHistoryCleanup({ ...deployment, spec: { ...deployment.spec!, revisionHistoryLimit: 1 } }, sets).map(({ metadata }) => metadata?.name)).toEqual(['r2']);
    expect(planHistoryCleanup(deployment, sets)).toEqual([]);
  });
});

describe('planRecreate', () => {
  const deployment = { ...makeRollout(2, 0, 0), spec: { ...makeRollout(2, 0, 0).spec!, strategy: { type: 'Recreate' } } };
  const owned = (name: string, owner: string, terminating: boolean) => {
    const pod = makePod(name, { terminating });
    return { ...pod, metadata: { ...pod.metadata, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }] } };
  };

  it.each([
    { name: 'old ones down first', fresh: undefined, old: makeReplicaSet('old', 2), pods: [], want: 'scale' },
    { name: 'then wait for their pods', fresh: undefined, old: makeReplicaSet('old', 0), pods: [owned('a', 'old', true)], want: 'wait' },
    { name: 'also where the status counts them still', fresh: undefined, old: makeReplicaSet('old', 0, { replicas: 1 }), pods: [], want: 'wait' },
    { name: 'then the new one is made', fresh: undefined, old: makeReplicaSet('old', 0), pods: [], want: 'create' },
    { name: 'or brought to size', fresh: makeReplicaSet('new', 0), old: makeReplicaSet('old', 0), pods: [owned('b', 'new', false)], want: 'scale' },
    { name: 'and that is all', fresh: makeReplicaSet('new', 2), old: makeReplicaSet('old', 0), pods: [], want: 'nothing' },
  ])('$name', ({ fresh, old, pods, want }) => {
    expect(planRecreate(deployment, { newReplicaSet: fresh, oldReplicaSets: [old] }, pods).do).toBe(want);
  });
});
