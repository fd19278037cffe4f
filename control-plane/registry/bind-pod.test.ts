import { expect, it } from 'vitest';
import { pods } from '../../api/resources.ts';
import { refusal } from './testing/refusal.ts';
import { createTestRegistry } from './testing/test-registry.ts';

it('puts on the pod what the binding says about it', async () => {
  const test = await createTestRegistry();
  await test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'web', labels: { a: '1', b: '1' }, annotations: { a: '1' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
  await test.registry.of(pods).update(test.context, { name: 'web', namespace: 'default', subresource: 'status', change: (pod) => ({ ...pod, status: { ...pod.status, nominatedNodeName: 'pi-2' } }) });
  const odd = await refusal(test.registry.bind(test.context, 'default', 'web', { nodeName: 'pi-1', labels: { 'a b': '1' } }));
  expect([odd.code, odd.message]).toEqual([422, expect.stringMatching(/^Binding "web" is invalid: metadata\.labels: Invalid value: "a b": /)]);
  await test.registry.bind(test.context, 'default', 'web', { nodeName: 'pi-1', labels: { b: '2' }, annotations: { c: '3' } });
  const { metadata, spec, status } = test.registry.of(pods).get('web', 'default');
  expect([spec?.nodeName, metadata?.labels, metadata?.annotations, status?.nominatedNodeName]).toEqual(['pi-1', { a: '1', b: '2' }, { a: '1', c: '3' }, undefined]);
});
