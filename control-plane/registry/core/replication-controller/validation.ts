/** Validation of ReplicationControllers, beyond metadata. Follows pkg/apis/core/validation. */
import type { ReplicationController } from '../../../../api/core.ts';
import { notNegativeCounts } from '../../apps/deployment/status-counts.ts';
import { invalid, notNegative, required, type FieldError } from '../../validation/field-errors.ts';
import { validateAlwaysRestarting, validatePodTemplate } from '../pod/validate-template.ts';

type Spec = NonNullable<ReplicationController['spec']>;

export function validateReplicationController(controller: ReplicationController): FieldError[] {
  const spec: Spec = controller.spec ?? {};
  return [
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...(Object.keys(spec.selector ?? {}).length === 0 ? [required('spec.selector')] : []),
    ...(spec.replicas === undefined ? [required('spec.replicas')] : notNegative('spec.replicas', spec.replicas)),
    ...validateTemplate(spec),
  ];
}

function validateTemplate({ selector = {}, template }: Spec): FieldError[] {
  if (!template) return [required('spec.template')];
  const labels = template.metadata?.labels;
  const matches = Object.entries(selector).every(([key, value]) => labels?.[key] === value);
  return [
    ...(matches ? [] : [invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]),
    ...validatePodTemplate(template, 'spec.template'),
    ...validateAlwaysRestarting(template, 'spec.template', 'ReplicationController'),
  ];
}

export function validateReplicationControllerUpdate(controller: ReplicationController, _old: ReplicationController): FieldError[] {
  return validateReplicationController(controller);
}

export function validateReplicationControllerStatusUpdate({ status }: ReplicationController, _old: ReplicationController): FieldError[] {
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0, observedGeneration } = status ?? {};
  const errors = notNegativeCounts({ replicas, fullyLabeledReplicas, readyReplicas, availableReplicas, observedGeneration });
  for (const [field, count] of Object.entries({ fullyLabeledReplicas, readyReplicas, availableReplicas })) {
    if (count > replicas) errors.push(invalid(`status.${field}`, count, 'cannot be greater than status.replicas'));
  }
  if (availableReplicas > readyReplicas) errors.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'));
  return errors;
}
