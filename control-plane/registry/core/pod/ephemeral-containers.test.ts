import { expect, test } from 'vitest';
import type { Pod } from '../../../../api/core.ts';
import { pods } from '../../../../api/resources.ts';
import { refusal } from '../../testing/refusal.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { defaultPod } from './defaults.ts';
import { ephemeralContainersUpdate } from './ephemeral-containers.ts';

function podOf(ephemeralContainers: object[], spec: object = {}): Pod {
  const pod = structuredClone({ metadata: { name: 'p', namespace: 'n', generation: 1 }, spec: { containers: [{ name: 'a', image: 'a:1' }], volumes: [{ name: 'v', emptyDir: {} }], ephemeralContainers, ...spec } }) as unknown as Pod;
  defaultPod(pod);
  return pod;
}

function problems(ephemeralContainers: object[], old: object[] = []): string[] {
  return ephemeralContainersUpdate.validate(podOf(ephemeralContainers), podOf(old)).map(({ field, message }) => `${field}: ${message}`);
}

const path = 'spec.ephemeralContainers';
const shell = { name: 'shell', image: 'busybox', stdin: true, tty: true };

test.each<[object[], object[], string[]]>([
  [[shell], [], []],
  [[{ ...shell, targetContainerName: 'a', volumeMounts: [{ name: 'v', mountPath: '/v' }] }], [], []],
  [[{ ...shell, name: 'second' }, shell], [shell], []],
  [[{ ...shell, name: '' }], [], [`${path}[0].name: Required value`]],
  [[{ ...shell, name: 'a' }], [], [`${path}[0].name: Duplicate value: "a"`]],
  [[shell, shell], [], [`${path}[1].name: Duplicate value: "shell"`]],
  [[{ ...shell, targetContainerName: 'b' }], [], [`${path}[0].targetContainerName: Not found: "b"`]],
  [[{ ...shell, ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } }, livenessProbe: { exec: { command: ['x'] } } }], [], [
    `${path}[0].ports: Forbidden: cannot be set for an Ephemeral Container`, `${path}[0].resources: Forbidden: cannot be set for an Ephemeral Container`,
    `${path}[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container`,
  ]],
  [[{ ...shell, volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'x' }] }], [], [`${path}[0].volumeMounts[0].subPath: Forbidden: cannot be set for an Ephemeral Container`]],
  [[], [shell], [`${path}: Forbidden: existing ephemeral containers "shell" may not be removed\n`]],
  [[{ ...shell, image: 'other' }], [shell], [`${path}: Forbidden: existing ephemeral containers "shell" may not be changed\n`]],
])('%.90j after %.40j', (now, before, expected) => expect(problems(now, before)).toEqual(expected));

test('pods that come from a board itself take none', () => {
  const old = podOf([]);
  old.metadata = { ...old.metadata, annotations: { 'kubernetes.io/config.mirror': 'x' } };
  expect(ephemeralContainersUpdate.validate(podOf([shell]), old)).toEqual([{ reason: 'FieldValueForbidden', field: '[]', message: 'Forbidden: static pods do not support ephemeral containers' }]);
});

test('only the containers are written, and they count as a new generation', async () => {
  const { registry, context } = await createTestRegistry();
  const store = registry.of(pods);
  await store.create(context, 'default', { metadata: { name: 'p' }, spec: { containers: [{ name: 'a', image: 'a:1' }] } });
  const change = (pod: Pod): Pod => ({
    ...pod, metadata: { ...pod.metadata, labels: { x: 'y' } }, spec: { ...pod.spec!, nodeName: 'elsewhere', ephemeralContainers: [{ name: 'shell', image: 'busybox' }] },
  });
  const pod = await store.update(context, { name: 'p', namespace: 'default', subresource: 'ephemeralcontainers', change });
  expect(pod.spec?.ephemeralContainers).toMatchObject([{ name: 'shell', image: 'busybox', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }]);
  expect([pod.spec?.nodeName, pod.metadata?.labels, pod.metadata?.generation]).toEqual([undefined, undefined, 2]);
  const error = await refusal(store.update(context, { name: 'p', namespace: 'default', change: (now) => ({ ...now, spec: { ...now.spec!, ephemeralContainers: [] } }) }));
  expect(error.status.message).toMatch(/pod updates may not change fields other than/);
});
