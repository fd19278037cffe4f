import { expect, test } from 'vitest';
import type { Namespace } from '../../../../api/core.ts';
import { defaultNamespace } from './defaults.ts';
import { validateNamespace, validateNamespaceFinalize, validateNamespaceStatusUpdate } from './validation.ts';

test('a namespace carries its name as a label, whatever the client says', () => {
  const namespace: Namespace = { metadata: { name: 'blue', labels: { 'kubernetes.io/metadata.name': 'red', a: 'b' } } };
  defaultNamespace(namespace);
  expect(namespace).toEqual({ metadata: { name: 'blue', labels: { 'kubernetes.io/metadata.name': 'blue', a: 'b' } }, status: { phase: 'Active' } });
});

test('finalizers of the spec are qualified names', () => {
  expect(validateNamespace({ spec: { finalizers: ['kubernetes', 'example.com/x'] } })).toEqual([]);
  expect(validateNamespace({ spec: { finalizers: ['mine'] } })).toMatchObject([{ field: 'spec.finalizers', reason: 'FieldValueInvalid' }]);
  expect(validateNamespaceFinalize({ spec: { finalizers: [] } }, {})).toEqual([]);
  expect(validateNamespaceFinalize({ spec: { finalizers: ['kubernetes', 'mine'] } }, {})).toMatchObject([{ field: 'spec.finalizers[1]', message: 'Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified' }]);
});

test('the phase follows the deletion', () => {
  const active: Namespace = { status: { phase: 'Active' } };
  const dying: Namespace = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
  expect(validateNamespaceStatusUpdate(active, active)).toEqual([]);
  expect(validateNamespaceStatusUpdate({ ...dying, status: { phase: 'Terminating' } }, dying)).toEqual([]);
  expect(validateNamespaceStatusUpdate({ ...dying, ...active }, dying)).toMatchObject([{ message: 'Invalid value: "Active": may only be \'Terminating\' if `deletionTimestamp` is not empty' }]);
  expect(validateNamespaceStatusUpdate({ status: { phase: 'Terminating' } }, active)).toHaveLength(1);
});
