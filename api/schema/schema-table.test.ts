import { describe, expect, test } from 'vitest';
import { resources } from '../resources.ts';
import { findMessage, goTypeName, messageOf } from './schema-table.ts';

describe('schema table', () => {
  test('flattens inline messages', () => {
    const volume = messageOf('k8s.io.api.core.v1.Volume');
    expect(volume.fields.get('configMap')?.type).toBe('k8s.io.api.core.v1.ConfigMapVolumeSource');
    expect(volume.fields.has('volumeSource')).toBe(false);
    expect(messageOf('k8s.io.api.core.v1.Probe').fields.has('httpGet')).toBe(true);
    expect(messageOf('k8s.io.api.core.v1.EphemeralContainer').fields.get('image')?.kind).toBe('string');
  });

  test('renames fields to their JSON names and drops what JSON does not have', () => {
    const schema = messageOf('k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps');
    expect(schema.fields.has('$ref')).toBe(true);
    expect(schema.fields.has('ref')).toBe(false);
    expect(messageOf('k8s.io.apimachinery.pkg.runtime.RawExtension').fields.size).toBe(0);
  });

  test('tells the merge semantics of lists', () => {
    const pod = messageOf('k8s.io.api.core.v1.PodSpec');
    expect(pod.fields.get('containers')).toMatchObject({ list: true, patchMerge: true, patchMergeKey: 'name', listType: 'map' });
    expect(pod.fields.get('volumes')).toMatchObject({ patchMerge: true, patchRetainKeys: true });
    expect(pod.fields.get('nodeSelector')).toMatchObject({ map: true, mapType: 'atomic', kind: 'string' });
    expect(messageOf('k8s.io.api.core.v1.ResourceRequirements').fields.get('limits')).toMatchObject({ map: true, kind: 'quantity' });
  });

  test('knows every kind of the resource table, each with apiVersion and kind', () => {
    for (const resource of resources) expect(messageOf(resource.schema)).toMatchObject({ typeMeta: true });
    expect(messageOf('k8s.io.api.core.v1.PodTemplateSpec').typeMeta).toBe(false);
    expect(messageOf('k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions').typeMeta).toBe(true);
  });

  test('compiles a message once and refuses unknown ones', () => {
    expect(findMessage('k8s.io.api.core.v1.Pod')).toBe(findMessage('k8s.io.api.core.v1.Pod'));
    expect(findMessage('k8s.io.api.core.v1.Nonsense')).toBeUndefined();
    expect(findMessage('toString')).toBeUndefined();
    expect(() => messageOf('k8s.io.api.core.v1.Nonsense')).toThrow(RangeError);
  });

  test('names types as Go does', () => {
    expect(goTypeName('k8s.io.api.core.v1.Container')).toBe('v1.Container');
    expect(goTypeName('int32')).toBe('int32');
  });
});
