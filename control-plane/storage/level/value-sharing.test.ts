import { expect, it } from 'vitest';
import { internFieldSet } from '../../../api/field-path/field-set.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { ValueSharing } from './value-sharing.ts';

const fields = { 'f:spec': { 'f:containers': { 'k:{"name":"main"}': { '.': {}, 'f:image': {} } } } };
const pod = (name: string) => ({
  metadata: { name, managedFields: [{ manager: 'a-manager-of-pods', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: fields }] },
  spec: { schedulerName: 'default-scheduler', containers: [{ name: 'main', image: 'example/main:1', command: ['a', ''] }], priority: 0, hostNetwork: false, odd: null },
});
const loaded = (name: string) => JSON.parse(JSON.stringify(pod(name))) as KubernetesObject;

it('leaves objects as they are, and has their managed fields once, as writes have them', () => {
  const sharing = new ValueSharing();
  const pods = Array.from({ length: 5_000 }, (_, index) => loaded(`a-long-name-of-a-pod-${index}`));
  for (const object of pods) sharing.apply(object);
  expect(pods[4_999]).toEqual(pod('a-long-name-of-a-pod-4999'));
  expect(new Set(pods.map(({ metadata }) => metadata?.managedFields?.[0]?.fieldsV1))).toEqual(new Set([internFieldSet(fields)]));
  expect(pods[0]!.metadata!.managedFields![0]!.fieldsV1).toBe(internFieldSet(fields));
});

it('takes fields that are no set for what they are', () => {
  const object: KubernetesObject = { metadata: { name: 'a', managedFields: [{ manager: 'm', operation: 'Update' }] } };
  new ValueSharing().apply(object);
  expect(object).toEqual({ metadata: { name: 'a', managedFields: [{ manager: 'm', operation: 'Update' }] } });
});
