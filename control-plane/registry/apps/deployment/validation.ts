/** Validation of Deployments, beyond metadata. Follows pkg/apis/apps/validation. */
import type { Deployment, DeploymentSpec } from '../../../../api/apps.ts';
import { deepEqual } from '../../deep-equal.ts';
import { validateSelectorAndTemplate } from '../../core/pod/validate-template.ts';
import { forbidden, immutable, invalid, notNegative, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { atMostHundredPercent, intOrPercentNumber, positiveIntOrPercent } from '../../validation/int-or-percent.ts';
import { notDecremented, notNegativeCounts } from './status-counts.ts';

type Strategy = NonNullable<DeploymentSpec['strategy']>;
type RollingUpdate = NonNullable<Strategy['rollingUpdate']>;

export function validateDeployment(deployment: Deployment): FieldError[] {
  const spec: Partial<DeploymentSpec> = deployment.spec ?? {};
  const errors = [
    ...notNegative('spec.replicas', spec.replicas),
    ...validateSelectorAndTemplate(spec),
    ...validateStrategy(spec.strategy ?? {}),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...notNegative('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds),
  ];
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return errors;
}

function validateStrategy({ type, rollingUpdate }: Strategy): FieldError[] {
  switch (type) {
    case 'RollingUpdate':
      return rollingUpdate ? validateRollingUpdate(rollingUpdate, 'spec.strategy.rollingUpdate') : [required('spec.strategy.rollingUpdate', 'this should be defaulted and never be nil')];
    case 'Recreate':
      return rollingUpdate ? [forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")] : [];
    default:
      // As Kubernetes shows it: the fields of its internal type.
      return [notSupported('spec.strategy', { Type: type ?? '', RollingUpdate: rollingUpdate ?? null }, ['Recreate', 'RollingUpdate'])];
  }
}

function validateRollingUpdate({ maxUnavailable = 0, maxSurge = 0 }: RollingUpdate, path: string): FieldError[] {
  const bothZero = intOrPercentNumber(maxUnavailable) === 0 && intOrPercentNumber(maxSurge) === 0;
  return [
    ...positiveIntOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...positiveIntOrPercent(`${path}.maxSurge`, maxSurge),
    ...(bothZero ? [invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')] : []),
    ...atMostHundredPercent(`${path}.maxUnavailable`, maxUnavailable),
  ];
}

export function validateDeploymentUpdate(deployment: Deployment, old: Deployment): FieldError[] {
  return [
    ...validateDeployment(deployment),
    ...immutable('spec.selector', deployment.spec?.selector, deepEqual(deployment.spec?.selector, old.spec?.selector)),
  ];
}

export function validateDeploymentStatusUpdate(deployment: Deployment, old: Deployment): FieldError[] {
  const status = deployment.status ?? {};
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0, collisionCount } = status;
  const errors = notNegativeCounts({ observedGeneration: status.observedGeneration, replicas, updatedReplicas, readyReplicas, availableReplicas, unavailableReplicas: status.unavailableReplicas, collisionCount });
  if (updatedReplicas > replicas) errors.push(invalid('status.updatedReplicas', updatedReplicas, 'cannot be greater than status.replicas'));
  if (readyReplicas > replicas) errors.push(invalid('status.readyReplicas', readyReplicas, 'cannot be greater than status.replicas'));
  if (availableReplicas > replicas) errors.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than status.replicas'));
  if (availableReplicas > readyReplicas) errors.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'));
  return [...errors, ...notDecremented('status.collisionCount', collisionCount, old.status?.collisionCount)];
}
