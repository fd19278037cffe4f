import { beforeEach, describe, expect, it } from 'vitest';
import type { LimitRange, Pod } from '../../api/core.ts';
import { limitRanges, persistentVolumeClaims, pods } from '../../api/resources.ts';
import { refusal } from '../registry/testing/refusal.ts';
import { createTestRegistry } from '../registry/testing/test-registry.ts';
import type { TestRegistry } from '../registry/testing/test-registry.ts';

type Item = NonNullable<LimitRange['spec']>['limits'][number];
type Resources = NonNullable<Pod['spec']>['containers'][number]['resources'];

describe('LimitRanger', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry(); });
  const limit = (...limits: Item[]) => test.registry.of(limitRanges).create(test.context, 'default', { metadata: { name: 'l' }, spec: { limits } });
  const createPod = (...resources: Resources[]) => test.registry.of(pods).create(test.context, 'default', {
    metadata: { name: 'web' }, spec: { containers: resources.map((one, index) => ({ name: `c${index}`, image: 'busybox', ...(one ? { resources: one } : {}) })) },
  });

  it('fills in defaults and says so', async () => {
    await limit({ type: 'Container', default: { cpu: '500m', memory: '64Mi' }, defaultRequest: { cpu: '100m', memory: '64Mi' } });
    const pod = await createPod({ requests: { cpu: '1m' } }, undefined);
    expect(pod.spec?.containers.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: '1m', memory: '64Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
      { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
    ]);
    expect(pod.metadata?.annotations?.['kubernetes.io/limit-ranger']).toContain('cpu, memory limit for container c0');
  });

  it.each<[Item, Resources, string]>([
    [{ type: 'Container', max: { cpu: '1' } }, { limits: { cpu: '2' } }, 'maximum cpu usage per Container is 1, but limit is 2'],
    [{ type: 'Container', min: { memory: '1Mi' }, default: { cpu: '1' } }, { requests: { memory: '1Ki' } }, 'minimum memory usage per Container is 1Mi, but request is 1Ki'],
    [{ type: 'Container', maxLimitRequestRatio: { cpu: '2' } }, { requests: { cpu: '100m' }, limits: { cpu: '500m' } }, 'cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000'],
    [{ type: 'Pod', max: { cpu: '1' } }, { limits: { cpu: '1100m' } }, 'maximum cpu usage per Pod is 1, but limit is 1100m'],
  ])('refuses what is out of bounds (%#)', async (item, resources, expected) => {
    await limit(item);
    expect((await refusal(createPod(resources))).message).toBe(`pods "web" is forbidden: ${expected}`);
  });

  it('holds for pods that are resized', async () => {
    await createPod({ requests: { cpu: '100m' } });
    await limit({ type: 'Container', max: { cpu: '1' } });
    const resized = test.registry.of(pods).update(test.context, {
      name: 'web', namespace: 'default', subresource: 'resize',
      change: (pod) => ({ ...pod, spec: { ...pod.spec!, containers: [{ ...pod.spec!.containers[0]!, resources: { requests: { cpu: '100m' }, limits: { cpu: '2' } } }] } }),
    });
    expect((await refusal(resized)).message).toBe('pods "web" is forbidden: maximum cpu usage per Container is 1, but limit is 2');
  });

  it('lets go of a claim that is being deleted', async () => {
    const claims = test.registry.of(persistentVolumeClaims);
    await claims.create(test.context, 'default', { metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } } });
    await limit({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } });
    const release = () => claims.update(test.context, { name: 'c', namespace: 'default', change: (claim) => ({ ...claim, metadata: { ...claim.metadata, finalizers: [] } }) });
    expect((await refusal(release())).message).toBe('persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 5Gi');
    await claims.delete(test.context, 'c', 'default', {});
    await release();
    expect((await refusal(() => claims.get('c', 'default'))).code).toBe(404);
  });

  it('adds up the containers of a pod', async () => {
    await limit({ type: 'Pod', max: { memory: '1Gi' } });
    await createPod({ limits: { memory: '512Mi' } }, { limits: { memory: '512Mi' } });
    const error = await refusal(test.registry.of(pods).create(test.context, 'default', {
      metadata: { name: 'b' }, spec: { containers: [1, 2].map((n) => ({ name: `c${n}`, image: 'a', resources: { limits: { memory: '600Mi' } } })) },
    }));
    expect(error.message).toBe('pods "b" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 1200Mi');
  });
});
