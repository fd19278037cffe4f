/** Validation of ReplicaSets, beyond metadata. Follows pkg/apis/apps/validation. */
import type { ReplicaSet, ReplicaSetSpec } from '../../../../api/apps.ts';
import { deepEqual } from '../../deep-equal.ts';
import { validateSelectorAndTemplate } from '../../core/pod/validate-template.ts';
import { immutable, invalid, notNegative, type FieldError } from '../../validation/field-errors.ts';
import { notNegativeCounts } from '../deployment/status-counts.ts';

export function validateReplicaSet(replicaSet: ReplicaSet): FieldError[] {
  const spec: Partial<ReplicaSetSpec> = replicaSet.spec ?? {};
  return [
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateSelectorAndTemplate(spec),
  ];
}

export function validateReplicaSetUpdate(replicaSet: ReplicaSet, old: ReplicaSet): FieldError[] {
  return [
    ...validateReplicaSet(replicaSet),
    ...immutable('spec.selector', replicaSet.spec?.selector, deepEqual(replicaSet.spec?.selector, old.spec?.selector)),
  ];
}

export function validateReplicaSetStatusUpdate(replicaSet: ReplicaSet, _old: ReplicaSet): FieldError[] {
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0, observedGeneration } = replicaSet.status ?? {};
  const errors = notNegativeCounts({ replicas, fullyLabeledReplicas, readyReplicas, availableReplicas, observedGeneration });
  for (const [field, count] of Object.entries({ fullyLabeledReplicas, readyReplicas, availableReplicas })) {
    if (count > replicas) errors.push(invalid(`status.${field}`, count, 'cannot be greater than status.replicas'));
  }
  if (availableReplicas > readyReplicas) errors.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'));
  return errors;
}
