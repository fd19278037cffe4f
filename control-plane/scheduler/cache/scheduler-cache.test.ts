import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../api/core.ts';
import { FitError } from '../framework/fit-error.ts';
import { SchedulingRuntime } from '../framework/runtime.ts';
import { defaultProfile } from '../plugins/registry.ts';
import { makeNode, makePod } from '../testing/builders.ts';
import { podRequests } from './resource-amounts.ts';
import { SchedulerCache } from './scheduler-cache.ts';

describe('scheduler cache', () => {
  it('counts an assumed pod until it is bound or forgotten', () => {
    const cache = new SchedulerCache();
    cache.setNode(makeNode('pi-1'));
    const pod = makePod('p', { requests: { cpu: '1' } });
    cache.assume(pod, 'pi-1');
    expect(cache.nodes()[0]!.requested['cpu']).toBe(1000);
    cache.forget(pod);
    expect(cache.nodes()[0]!.requested['cpu']).toBe(0);
    cache.assume(pod, 'pi-1');
    cache.setPod({ ...pod, spec: { ...pod.spec!, nodeName: 'pi-1' } });
    cache.forget(pod);
    expect(cache.nodes()[0]!.requested['cpu']).toBe(1000);
  });

  it('remembers pods of a node that comes back', () => {
    const cache = new SchedulerCache();
    cache.setNode(makeNode('pi-1'));
    cache.setPod(makePod('p', { requests: { cpu: '1' }, spec: { nodeName: 'pi-1' } }));
    cache.removeNode('pi-1');
    expect(cache.nodes()).toEqual([]);
    cache.setNode(makeNode('pi-1'));
    expect(cache.nodes()[0]!.podCount).toBe(1);
  });

  it('never lets a node have more than it can hold, whatever comes and goes', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('schedule' as const), cpu: fc.integer({ min: 0, max: 3000 }), memory: fc.integer({ min: 0, max: 2000 }), fails: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('node' as const), which: fc.integer({ min: 0, max: 3 }), present: fc.boolean() }) },
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })), (steps, randoms) => {
      const cache = new SchedulerCache();
      const runtime = new SchedulingRuntime({ profile: defaultProfile, random: () => randoms.next().value as number });
      const running = new Map<string, { pod: Pod; node: string }>();
      for (const name of ['n0', 'n1', 'n2']) cache.setNode(makeNode(name, { allocatable: { pods: '8' } }));
      for (const move of steps) {
        if (move.kind === 'schedule') {
          const pod = makePod('p', { requests: { cpu: `${move.cpu}m`, memory: `${move.memory}Mi` }, owner: 'rs' });
          const result = runtime.schedule(pod, { nodes: cache.nodes(), namespaceLabels: () => undefined });
          if (!(result instanceof FitError)) {
            cache.assume(pod, result.name);
            if (move.fails) cache.forget(pod);
            else {
              cache.setPod({ ...pod, spec: { ...pod.spec!, nodeName: result.name } });
              running.set(pod.metadata!.uid!, { pod, node: result.name });
            }
          }
        } else if (move.kind === 'end' && running.size > 0) {
          const [uid, { pod }] = [...running][move.which % running.size]!;
          running.delete(uid);
          cache.removePod(pod);
        } else if (move.kind === 'node') {
          if (move.present) cache.setNode(makeNode(`n${move.which}`, { allocatable: { pods: '8' } }));
          else cache.removeNode(`n${move.which}`);
        }
        for (const node of ['n0', 'n1', 'n2', 'n3']) {
          const pods = [...running.values()].filter((entry) => entry.node === node).map((entry) => entry.pod);
          const sum = (resource: string) => pods.reduce((total, pod) => total + (podRequests(pod)[resource] ?? 0), 0);
          expect(pods.length).toBeLessThanOrEqual(8);
          expect(sum('cpu')).toBeLessThanOrEqual(4000);
          expect(sum('memory')).toBeLessThanOrEqual(4 * 1024 ** 3);
        }
      }
    }), { numRuns: 100 });
  });
});
