import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReplicaSet } from '../../../api/apps.ts';
import { makeReplicaSet, makeRollout, sizes } from '../testing/builders.ts';
import { newReplicaSetSize, planOldReplicaSets, planRollingUpdate } from './rolling.ts';
import { maxSurge, maxUnavailable } from './rollout-limits.ts';

describe('newReplicaSetSize', () => {
  it.each([
    { name: 'fills the surge', replicas: 10, surge: 2, old: 10, fresh: 0, want: 2 },
    { name: 'percent is rounded up', replicas: 10, surge: '25%', old: 10, fresh: 0, want: 3 },
    { name: 'waits while there is no room', replicas: 10, surge: 0, old: 10, fresh: 0, want: 0 },
    { name: 'takes the room that old pods leave', replicas: 10, surge: 2, old: 5, fresh: 3, want: 7 },
    { name: 'never exceeds the wanted number', replicas: 3, surge: 5, old: 0, fresh: 1, want: 3 },
    { name: 'comes down when the Deployment was scaled down', replicas: 3, surge: 0, old: 0, fresh: 5, want: 3 },
  ])('$name', ({ replicas, surge, old, fresh, want }) => {
    const sets = { newReplicaSet: makeReplicaSet('new', fresh), oldReplicaSets: [makeReplicaSet('old', old)] };
    expect(newReplicaSetSize(makeRollout(replicas, surge, 1), sets)).toBe(want);
  });
});

describe('planOldReplicaSets', () => {
  const plan = (replicas: number, unavailable: number, fresh: ReplicaSet, ...old: ReplicaSet[]) =>
    sizes(planOldReplicaSets(makeRollout(replicas, 1, unavailable), { newReplicaSet: fresh, oldReplicaSets: old }));

  it('keeps every available pod while the new ones are not available', () => {
    expect(plan(3, 0, makeReplicaSet('new', 1, { available: 0 }), makeReplicaSet('old', 3))).toEqual({});
  });

  it('removes as many as became available', () => {
    expect(plan(3, 0, makeReplicaSet('new', 1), makeReplicaSet('old', 3))).toEqual({ old: 2 });
  });

  it('removes unavailable old pods first, of the oldest ReplicaSet first', () => {
    expect(plan(4, 2, makeReplicaSet('new', 1, { available: 0 }), makeReplicaSet('a', 2, { available: 0 }), makeReplicaSet('b', 2, { available: 2 }))).toEqual({ a: 0 });
  });

  it('does not count available pods that are about to go', () => {
    // The status of "old" still shows 3 available pods, but its size is 2 already.
    expect(plan(3, 0, makeReplicaSet('new', 2), makeReplicaSet('old', 2, { replicas: 3, available: 3 }))).toEqual({ old: 1 });
  });
});

/** Pods of one ReplicaSet as the model sees them. */
interface Model { spec: number; available: number; unavailable: number }

describe('a rolling update', () => {
  const scenario = fc.record({
    replicas: fc.integer({ min: 1, max: 12 }),
    surge: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('0%', '25%', '50%', '100%')),
    unavailable: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('0%', '25%', '50%', '100%')),
    /** What happens next, by chance: the controller plans, a ReplicaSet acts, a pod turns available. */
    actions: fc.array(fc.nat(5), { maxLength: 60 }),
  });

  it('never has fewer than minAvailable or more than maxSurge pods, and ends', () => {
    fc.assert(fc.property(scenario, ({ replicas, surge, unavailable, actions }) => {
      const deployment = makeRollout(replicas, surge, unavailable);
      const minAvailable = replicas - maxUnavailable(deployment);
      const models: [Model, Model] = [{ spec: replicas, available: replicas, unavailable: 0 }, { spec: 0, available: 0, unavailable: 0 }];
      // Statuses lag: a ReplicaSet's status is what its controller wrote when it last ran.
      const statuses = models.map((model) => ({ replicas: model.available + model.unavailable, available: model.available }));
      const reconcileSet = (index: 0 | 1) => {
        const model = models[index];
        while (model.available + model.unavailable < model.spec) model.unavailable += 1;
        while (model.available + model.unavailable > model.spec) {
          if (model.unavailable > 0) model.unavailable -= 1;
          else model.available -= 1;
        }
        statuses[index] = { replicas: model.available + model.unavailable, available: model.available };
      };
      const plan = () => {
        const [old, fresh] = [makeReplicaSet('old', models[0].spec, statuses[0]), makeReplicaSet('new', models[1].spec, statuses[1])];
        for (const { replicaSet, replicas: size } of planRollingUpdate(deployment, { newReplicaSet: fresh, oldReplicaSets: [old] })) {
          models[replicaSet === fresh ? 1 : 0].spec = size;
        }
      };
      const turnAvailable = (index: 0 | 1) => {
        if (models[index].unavailable === 0) return;
        models[index].unavailable -= 1;
        models[index].available += 1;
      };
      const steps = [plan, () => reconcileSet(0), () => reconcileSet(1), () => turnAvailable(1), plan, () => reconcileSet(1)];
      const check = () => {
        const available = models[0].available + models[1].available;
        const size = models[0].spec + models[1].spec;
        if (available < minAvailable) throw new Error(`${available} available, ${minAvailable} promised`);
        if (size > replicas + maxSurge(deployment)) throw new Error(`${size} pods wanted`);
      };
      for (const action of actions) {
        steps[action]!();
        check();
      }
      for (let round = 0; round < 2 * replicas + 10; round++) for (const step of steps) {
        step();
        check();
      }
      expect(models).toEqual([{ spec: 0, available: 0, unavailable: 0 }, { spec: replicas, available: replicas, unavailable: 0 }]);
    }), { numRuns: 300 });
  });
});
