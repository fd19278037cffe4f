import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod, ResourceQuota } from '../../../api/core.ts';
import { isForbidden } from '../../../api/errors.ts';
import { configMaps, events, pods, resourceQuotas, services } from '../../../api/resources.ts';
import { refusal } from '../../registry/testing/refusal.ts';
import { createTestRegistry } from '../../registry/testing/test-registry.ts';
import type { TestRegistry } from '../../registry/testing/test-registry.ts';

describe('ResourceQuota', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry(); });
  const limit = (hard: Record<string, string>, more: Partial<NonNullable<ResourceQuota['spec']>> = {}, name = 'q') =>
    test.registry.of(resourceQuotas).create(test.context, 'default', { metadata: { name }, spec: { hard, ...more } });
  const createPod = (name: string, resources: NonNullable<Pod['spec']>['containers'][number]['resources'] = {}, more: Partial<Pod['spec']> = {}) =>
    test.registry.of(pods).create(test.context, 'default', { metadata: { name }, spec: { containers: [{ name: 'main', image: 'busybox', resources }], ...more } });

  it('counts pods', async () => {
    await limit({ pods: '2' });
    await createPod('a');
    await createPod('b');
    const error = await refusal(createPod('c'));
    expect([error.code, error.message]).toEqual([403, 'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2']);
    await test.registry.of(pods).delete(test.context, 'a', 'default', { gracePeriodSeconds: 0 });
    await createPod('c');
  });

  it('adds up what containers take', async () => {
    await limit({ 'requests.cpu': '1', 'limits.memory': '1Gi' });
    expect((await refusal(createPod('a'))).message).toBe('pods "a" is forbidden: failed quota: q: must specify limits.memory for: main; requests.cpu for: main');
    await createPod('a', { requests: { cpu: '600m' }, limits: { memory: '512Mi' } });
    expect((await refusal(createPod('b', { requests: { cpu: '500m' }, limits: { memory: '600Mi' } }))).message).toBe(
      'pods "b" is forbidden: exceeded quota: q, requested: limits.memory=600Mi,requests.cpu=500m, used: limits.memory=512Mi,requests.cpu=600m, limited: limits.memory=1Gi,requests.cpu=1');
  });

  it('counts what a resize adds', async () => {
    await limit({ 'requests.cpu': '1' });
    await createPod('a', { requests: { cpu: '600m' } });
    const resize = (cpu: string) => test.registry.of(pods).update(test.context, {
      name: 'a', namespace: 'default', subresource: 'resize',
      change: (pod) => ({ ...pod, spec: { ...pod.spec!, containers: [{ ...pod.spec!.containers[0]!, resources: { requests: { cpu } } }] } }),
    });
    expect((await refusal(resize('1100m'))).message).toBe('pods "a" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1');
    expect((await resize('1')).spec?.containers[0]?.resources).toEqual({ requests: { cpu: '1' } });
  });

  it('heeds scopes', async () => {
    await limit({ pods: '0' }, { scopes: ['NotBestEffort'] });
    await createPod('effortless');
    expect((await refusal(createPod('a', { requests: { cpu: '1m' } }))).message).toContain('exceeded quota: q');
    await limit({ pods: '0' }, { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }] } }, 'critical');
    expect((await refusal(createPod('b', {}, { priorityClassName: 'system-node-critical' }))).message).toContain('exceeded quota: critical');
  });

  it('never holds an event back', async () => {
    await limit({ 'count/events': '0' });
    await test.registry.of(events).create(test.context, 'default', { metadata: { name: 'e' }, involvedObject: { namespace: 'default' } });
  });

  it('counts objects of any kind, and ports of services', async () => {
    await limit({ 'count/configmaps': '1', 'services.nodeports': '1' });
    await test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: 'a' } });
    expect((await refusal(test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: 'b' } }))).message)
      .toBe('configmaps "b" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1');
    const service = await test.registry.of(services).create(test.context, 'default', { metadata: { name: 's' }, spec: { ports: [{ port: 80 }, { port: 81, name: 'b' }].map((port, index) => ({ name: `p${index}`, ...port })) } });
    const error = await refusal(test.registry.of(services).update(test.context, { name: 's', namespace: 'default', change: () => ({ ...service, spec: { ...service.spec, type: 'NodePort' } }) }));
    expect(error.message).toContain('exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1');
  });

  it('forgets dry runs and writes that fail', async () => {
    await limit({ 'count/configmaps': '1' });
    await test.registry.of(configMaps).create({ ...test.context, dryRun: true }, 'default', { metadata: { name: 'a' } });
    await test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: 'a' } });
    await refusal(test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: 'a' } }));
    await test.registry.of(configMaps).delete(test.context, 'a', 'default', {});
    await test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: 'b' } });
  });

  it('is never over-committed, however writes come together', async () => {
    const operation = fc.record({ name: fc.integer({ min: 0, max: 7 }), create: fc.boolean() });
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 5 }), fc.array(fc.array(operation, { maxLength: 10 }), { maxLength: 5 }), async (hard, rounds) => {
      const own = await createTestRegistry();
      const registry = own.registry.of(configMaps);
      await own.registry.of(resourceQuotas).create(own.context, 'default', { metadata: { name: 'q' }, spec: { hard: { configmaps: String(hard) } } });
      const names = async (): Promise<string[]> => (await own.client.resource(configMaps).list({ namespace: 'default' })).items.map(({ metadata }) => metadata?.name ?? '');
      for (const round of rounds) {
        const before = await names();
        const results = await Promise.allSettled(round.map(({ name, create }) => (create
          ? registry.create(own.context, 'default', { metadata: { name: `c${name}` } })
          : registry.delete(own.context, `c${name}`, 'default', {}))));
        const after = (await names()).length;
        expect(after).toBeLessThanOrEqual(hard);
        // Refused for its quota only where it was full at some moment: also of what was then refused because it was there already.
        const refused = results.some((result) => result.status === 'rejected' && isForbidden(result.reason));
        const fresh = new Set(round.filter(({ name, create }) => create && !before.includes(`c${name}`)).map(({ name }) => name));
        if (refused && fresh.size === round.length) expect(after).toBe(hard);
        if (before.length + round.length <= hard) expect(refused).toBe(false);
      }
    }), { numRuns: 60 });
  });
});
