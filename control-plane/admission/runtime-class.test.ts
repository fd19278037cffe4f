import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod, Toleration } from '../../api/core.ts';
import type { RuntimeClass } from '../../api/node.ts';
import { pods, runtimeClasses } from '../../api/resources.ts';
import { refusal } from '../registry/testing/refusal.ts';
import { createTestRegistry } from '../registry/testing/test-registry.ts';
import type { TestRegistry } from '../registry/testing/test-registry.ts';

type Spec = NonNullable<Pod['spec']>;

describe('RuntimeClass', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry(); });
  const define = (more: Partial<RuntimeClass>) => test.registry.of(runtimeClasses).create(test.context, undefined, { metadata: { name: 'a' }, handler: 'h', ...more });
  const createPod = (spec: Partial<Spec>) => test.registry.of(pods).create(test.context, 'default', {
    metadata: { name: 'web' }, spec: { runtimeClassName: 'a', containers: [{ name: 'main', image: 'busybox' }], ...spec },
  });

  it('adds the overhead and the nodes of the class', async () => {
    await define({ overhead: { podFixed: { cpu: '100m' } }, scheduling: { nodeSelector: { disk: 'ssd' } } });
    expect((await createPod({ nodeSelector: { x: 'y' }, overhead: { cpu: '0.1' } })).spec).toMatchObject({ overhead: { cpu: '100m' }, nodeSelector: { x: 'y', disk: 'ssd' } });
  });

  it.each<[Partial<RuntimeClass>, Partial<Spec>, string]>([
    [{}, { runtimeClassName: 'b' }, 'pod rejected: RuntimeClass "b" not found'],
    [{}, { overhead: { cpu: '1' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
    [{ overhead: { podFixed: { cpu: '2' } } }, { overhead: { cpu: '1' } }, 'pod rejected: Pod\'s Overhead doesn\'t match RuntimeClass\'s defined Overhead'],
    [{ scheduling: { nodeSelector: { disk: 'ssd' } } }, { nodeSelector: { disk: 'hdd' } }, 'conflict: runtimeClass.scheduling.nodeSelector[disk] = ssd; pod.spec.nodeSelector[disk] = hdd'],
  ])('refuses what does not fit the class (%#)', async (more, spec, expected) => {
    await define(more);
    expect((await refusal(createPod(spec))).message).toBe(`pods "web" is forbidden: ${expected}`);
  });

  const own = (key: string, more: Partial<Toleration> = {}): Toleration => ({ key, operator: 'Exists', ...more });
  it.each<[string, Toleration[], Toleration[], Toleration[]]>([
    ['adds another one', [own('a')], [own('k')], [own('a'), own('k')]],
    ['adds none twice', [own('k')], [own('k')], [own('k')]],
    ['keeps the wider one of the pod', [own('k')], [own('k', { effect: 'NoSchedule' })], [own('k')]],
    ['keeps the wider one of the class', [own('k', { effect: 'NoSchedule' }), own('z')], [own('k')], [own('z'), own('k')]],
    ['knows that one without an operator wants a value', [{ key: 'k', value: 'v' }], [{ key: 'k', operator: 'Equal', value: 'v' }], [{ key: 'k', value: 'v' }]],
    ['keeps other values apart', [{ key: 'k', value: 'v' }], [{ key: 'k', operator: 'Equal', value: 'w' }], [{ key: 'k', value: 'v' }, { key: 'k', operator: 'Equal', value: 'w' }]],
    ['keeps the one that lasts longer', [own('k', { effect: 'NoExecute', tolerationSeconds: 5 })], [own('k', { effect: 'NoExecute', tolerationSeconds: 9 })], [own('k', { effect: 'NoExecute', tolerationSeconds: 9 })]],
    ['needs nothing where all is tolerated', [{ operator: 'Exists' }], [own('k'), { key: 'l', value: 'v' }], [{ operator: 'Exists' }]],
  ])('%s', async (_what, tolerations, scheduling, expected) => {
    await define({ scheduling: { tolerations: scheduling } });
    const kept = (await createPod({ tolerations })).spec?.tolerations?.filter(({ key }) => !key?.startsWith('node.kubernetes.io/'));
    expect(kept).toEqual(expected);
  });
});
