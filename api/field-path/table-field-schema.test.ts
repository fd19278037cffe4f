import { describe, expect, it } from 'vitest';
import { isAtomicMessage, isGranularField, tableFieldSchema } from './table-field-schema.ts';

const policy = 'k8s.io.api.admissionregistration.v1.ValidatingAdmissionPolicySpec';

describe('tableFieldSchema', () => {
  it('has lists by key whose elements have one owner as a whole', () => {
    const schema = tableFieldSchema(policy);
    const variables = schema.kind === 'map' ? schema.field('variables')?.schema : undefined;
    expect(variables).toMatchObject({ kind: 'list', atomic: false, keys: ['name'], item: { kind: 'map', atomic: true } });
  });

  it('knows the one field that is less than its message', () => {
    expect(isAtomicMessage('k8s.io.api.core.v1.ObjectReference')).toBe(true);
    expect(isGranularField('k8s.io.api.core.v1.PersistentVolumeSpec', 'claimRef')).toBe(true);
    expect(isGranularField('k8s.io.api.core.v1.Event', 'involvedObject')).toBe(false);
    const schema = tableFieldSchema('k8s.io.api.core.v1.PersistentVolumeSpec');
    expect(schema.kind === 'map' && schema.field('claimRef')?.schema).toMatchObject({ kind: 'map', atomic: false });
  });
});
