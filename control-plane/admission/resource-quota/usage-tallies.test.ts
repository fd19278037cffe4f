import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Pod, ResourceQuota } from '../../../api/core.ts';
import { pods, resourceQuotas } from '../../../api/resources.ts';
import { createTestRegistry } from '../../registry/testing/test-registry.ts';
import { createAdmissionStore } from '../admission-store.ts';
import { sumUsage } from './sum-usage.ts';
import { UsageTallies } from './usage-tallies.ts';

const operation = fc.oneof(
  fc.record({ what: fc.constant('create' as const), name: fc.integer({ min: 0, max: 5 }), cpu: fc.constantFrom('', '100m', '2') }),
  fc.record({ what: fc.constantFrom('delete' as const, 'remove' as const, 'fail' as const), name: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ what: fc.constant('wait' as const), name: fc.constant(0) }),
);

it('says at every moment what counting anew would say', async () => {
  await fc.assert(fc.asyncProperty(fc.array(operation, { maxLength: 25 }), fc.constantFrom<string[]>([], ['NotBestEffort']), async (operations, scopes) => {
    const { registry, storage, clock, context } = await createTestRegistry();
    const tallies = new UsageTallies(storage);
    const store = createAdmissionStore(storage);
    const quota = await registry.of(resourceQuotas).create(context, 'default', { metadata: { name: 'q' }, spec: { hard: { pods: '100', 'requests.cpu': '100' }, ...(scopes.length ? { scopes } : {}) } });
    const of = registry.of(pods);
    for (const step of operations) {
      const name = `pod-${step.name}`;
      try {
        if (step.what === 'create') {
          const pod: Pod = { metadata: { name }, spec: { nodeName: 'pi-1', containers: [{ name: 'main', image: 'web:1', resources: { requests: { cpu: step.cpu || '0' }, limits: { cpu: step.cpu || '1' } } }] } };
          await of.create(context, 'default', step.cpu ? pod : { ...pod, spec: { ...pod.spec!, containers: [{ name: 'main', image: 'web:1', resources: { requests: { cpu: '0' } } }] } });
        } else if (step.what === 'delete') await of.delete(context, name, 'default', { gracePeriodSeconds: 30 });
        else if (step.what === 'remove') await of.delete(context, name, 'default', { gracePeriodSeconds: 0 });
        else if (step.what === 'fail') await of.update(context, { name, namespace: 'default', subresource: 'status', change: (pod) => ({ ...pod, status: { ...pod.status, phase: 'Failed' } }) });
        else await clock.advance(40_000);
      } catch {
        // Some of the pods are there already, others are not.
      }
      expect(tallies.usageOf(quota, pods, clock.now())).toEqual(sumUsage(store, quota, pods, clock.now()));
    }
  }), { numRuns: 30 });
});

it('begins anew when the quota counts something else', async () => {
  const { registry, storage, clock, context } = await createTestRegistry();
  const tallies = new UsageTallies(storage);
  const quota = (hard: Record<string, string>): ResourceQuota => ({ metadata: { name: 'q', namespace: 'default' }, spec: { hard } });
  await registry.of(pods).create(context, 'default', { metadata: { name: 'a' }, spec: { containers: [{ name: 'main', image: 'web:1', resources: { requests: { memory: '1' } } }] } });
  expect([...tallies.usageOf(quota({ pods: '1' }), pods, clock.now())]).toEqual([['pods', 1_000_000_000n]]);
  expect([...tallies.usageOf(quota({ 'requests.memory': '1' }), pods, clock.now())]).toEqual([['requests.memory', 1_000_000_000n]]);
});
