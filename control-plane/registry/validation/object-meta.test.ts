import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ObjectMeta } from '../../../api/meta.ts';
import { ipAddresses, namespaces, pods, resources, services } from '../../../api/resources.ts';
import type { FieldError } from './field-errors.ts';
import { objectMetaRules, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';

const rules = objectMetaRules(pods);
const valid: ObjectMeta = { name: 'web', namespace: 'default' };

function texts(errors: FieldError[]): string[] {
  return errors.map((error) => `${error.field}: ${error.message}`);
}

function problems(change: ObjectMeta): string[] {
  return texts(validateObjectMeta({ ...valid, ...change }, rules));
}

const subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe('validateObjectMeta', () => {
  test('accepts what every client sends', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ generateName: 'web-', labels: { 'app.kubernetes.io/name': 'web', a: '' }, annotations: { 'Example.com/Note': 'any text' }, finalizers: ['example.com/x', 'orphan'] })).toEqual([]);
    expect(problems({ ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: '1', controller: true }] })).toEqual([]);
  });

  test.each<[ObjectMeta, string[]]>([
    [{ name: '' }, ['metadata.name: Required value: name or generateName is required']],
    [{ name: 'Web' }, [`metadata.name: Invalid value: "Web": ${subdomain}`]],
    [{ name: 'a'.repeat(254) }, [`metadata.name: Invalid value: "${'a'.repeat(254)}": must be no more than 253 characters`]],
    [{ generateName: '-x' }, [`metadata.generateName: Invalid value: "-x": ${subdomain}`]],
    [{ namespace: '' }, ['metadata.namespace: Required value']],
    [{ namespace: 'a.b' }, [`metadata.namespace: Invalid value: "a.b": ${label}`]],
    [{ labels: { 'a b': 'c' } }, [`metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`]],
    [{ labels: { a: 'b c' } }, [`metadata.labels: Invalid value: "b c": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`]],
    [{ labels: { a: 'b'.repeat(64) } }, [`metadata.labels: Invalid value: "${'b'.repeat(64)}": must be no more than 63 bytes`]],
    [{ labels: { '/a': '' } }, ['metadata.labels: Invalid value: "/a": prefix part must be non-empty']],
    [{ annotations: { a: 'x'.repeat(262_144) } }, ['metadata.annotations: Too long: may not be more than 262144 bytes']],
    [{ finalizers: ['mine'] }, ['metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified']],
    [{ finalizers: ['orphan', 'foregroundDeletion'] }, ['metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set']],
    [{ ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: '', uid: '' }] }, ['metadata.ownerReferences.name: Invalid value: "": must not be empty', 'metadata.ownerReferences.uid: Invalid value: "": must not be empty']],
  ])('%.80j', (change, expected) => expect(problems(change)).toEqual(expected));

  test('names at most one controller', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: '1', controller: true };
    expect(problems({ ownerReferences: [owner, { ...owner, name: 's', uid: '2' }] }).join()).toContain('Only one reference can have Controller set to true. Found "true" in references for ReplicaSet/r and ReplicaSet/s');
  });

  test('names namespaces and Services more narrowly, and knows cluster-scoped kinds', () => {
    expect(texts(validateObjectMeta({ name: 'a.b' }, objectMetaRules(namespaces)))).toEqual([`metadata.name: Invalid value: "a.b": ${label}`]);
    expect(texts(validateObjectMeta({ name: 'x', namespace: 'y' }, objectMetaRules(namespaces)))).toEqual(['metadata.namespace: Forbidden: not allowed on this type']);
    expect(texts(validateObjectMeta({ name: '1a', namespace: 'y' }, objectMetaRules(services)))[0]).toMatch(/^metadata.name: Invalid value: "1a": a DNS-1035 label must consist of/);
    // An IPAddress has its address for a name.
    for (const resource of resources) expect(validateObjectMeta({ name: resource === ipAddresses ? '198.18.0.1' : 'ok', ...(resource.namespaced ? { namespace: 'n' } : {}) }, objectMetaRules(resource))).toEqual([]);
  });

  test('any name ends in an answer quickly', () => {
    fc.assert(fc.property(fc.string({ maxLength: 2000 }), (name) => {
      const ok = validateObjectMeta({ name, namespace: 'n' }, rules).length === 0;
      expect(ok).toBe(name.length <= 253 && name.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part)));
    }));
  });
});

describe('validateObjectMetaUpdate', () => {
  const old: ObjectMeta = { ...valid, uid: '1', resourceVersion: '5', generation: 2, creationTimestamp: '2026-01-01T00:00:00Z' };

  test('accepts new labels', () => expect(validateObjectMetaUpdate({ ...old, labels: { a: 'b' } }, old)).toEqual([]));

  test.each<[ObjectMeta, string]>([
    [{ uid: '2' }, 'metadata.uid: Invalid value: "2": field is immutable'],
    [{ creationTimestamp: '2026-01-02T00:00:00Z' }, 'metadata.creationTimestamp: Invalid value: "2026-01-02T00:00:00Z": field is immutable'],
    [{ deletionGracePeriodSeconds: 1 }, 'metadata.deletionGracePeriodSeconds: Invalid value: 1: field is immutable'],
    [{ resourceVersion: '' }, 'metadata.resourceVersion: Invalid value: "": must be specified for an update'],
    [{ generation: 1 }, 'metadata.generation: Invalid value: 1: must not be decremented'],
  ])('%j', (change, expected) => expect(texts(validateObjectMetaUpdate({ ...old, ...change }, old))).toEqual([expected]));

  test('an object that is being deleted takes no new finalizers', () => {
    const dying = { ...old, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.b/c', 'd.e/f'] };
    expect(validateObjectMetaUpdate({ ...dying, finalizers: ['a.b/c'] }, dying)).toEqual([]);
    expect(texts(validateObjectMetaUpdate({ ...dying, finalizers: ['a.b/c', 'x.y/z'] }, dying))).toEqual(['metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x.y/z"}']);
  });

  test('leaves alone what did not change', () => {
    const odd = { ...old, labels: { 'not a label': 'x' } };
    expect(validateObjectMetaUpdate({ ...odd, annotations: { a: 'b' } }, odd)).toEqual([]);
  });
});
