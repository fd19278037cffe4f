/** Validation of DaemonSets, beyond metadata. Follows pkg/apis/apps/validation. */
import type { DaemonSet, DaemonSetSpec } from '../../../../api/apps.ts';
import { deepEqual } from '../../deep-equal.ts';
import { isUsable, validateAlwaysRestarting, validateMatch, validatePodTemplate } from '../../core/pod/validate-template.ts';
import { immutable, invalid, notNegative, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { atMostHundredPercent, intOrPercentNumber, positiveIntOrPercent } from '../../validation/int-or-percent.ts';
import { isEmptySelector, validateLabelSelector } from '../../validation/label-selector.ts';
import { notDecremented, notNegativeCounts } from '../deployment/status-counts.ts';

type UpdateStrategy = NonNullable<DaemonSetSpec['updateStrategy']>;

export function validateDaemonSet(daemonSet: DaemonSet): FieldError[] {
  const { selector, template = {}, ...spec }: Partial<DaemonSetSpec> = daemonSet.spec ?? {};
  return [
    ...validateLabelSelector(selector, 'spec.selector'),
    ...(isUsable(selector) ? validateMatch(template, selector, 'spec.template') : []),
    ...(selector && isEmptySelector(selector) ? [invalid('spec.selector', selector, 'empty selector is invalid for daemonset')] : []),
    ...validatePodTemplate(template, 'spec.template'),
    ...validateAlwaysRestarting(template, 'spec.template', 'DaemonSet'),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateUpdateStrategy(spec.updateStrategy ?? {}),
    ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
  ];
}

function validateUpdateStrategy(strategy: UpdateStrategy): FieldError[] {
  const path = 'spec.updateStrategy';
  switch (strategy.type) {
    case 'OnDelete': return [];
    case 'RollingUpdate': return strategy.rollingUpdate ? validateRollingUpdate(strategy.rollingUpdate, `${path}.rollingUpdate`) : [required(`${path}.rollingUpdate`)];
    default: return [notSupported(path, { Type: strategy.type ?? '', RollingUpdate: strategy.rollingUpdate ?? null }, ['RollingUpdate', 'OnDelete'])];
  }
}

function validateRollingUpdate({ maxUnavailable = 0, maxSurge = 0 }: NonNullable<UpdateStrategy['rollingUpdate']>, path: string): FieldError[] {
  const errors = [
    ...positiveIntOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...positiveIntOrPercent(`${path}.maxSurge`, maxSurge),
    ...atMostHundredPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...atMostHundredPercent(`${path}.maxSurge`, maxSurge),
  ];
  const unavailable = intOrPercentNumber(maxUnavailable) !== 0;
  const surge = intOrPercentNumber(maxSurge) !== 0;
  if (unavailable && surge) errors.push(invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (!unavailable && !surge) errors.push(required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  return errors;
}

export function validateDaemonSetUpdate(daemonSet: DaemonSet, old: DaemonSet): FieldError[] {
  return [
    ...validateDaemonSet(daemonSet),
    ...immutable('spec.selector', daemonSet.spec?.selector, deepEqual(daemonSet.spec?.selector, old.spec?.selector)),
  ];
}

export function validateDaemonSetStatusUpdate(daemonSet: DaemonSet, old: DaemonSet): FieldError[] {
  const status: Partial<NonNullable<DaemonSet['status']>> = daemonSet.status ?? {};
  const { currentNumberScheduled, numberMisscheduled, desiredNumberScheduled, numberReady, observedGeneration, updatedNumberScheduled, numberAvailable, numberUnavailable, collisionCount } = status;
  return [
    ...notNegativeCounts({ currentNumberScheduled, numberMisscheduled, desiredNumberScheduled, numberReady, observedGeneration, updatedNumberScheduled, numberAvailable, numberUnavailable, collisionCount }),
    ...notDecremented('status.collisionCount', collisionCount, old.status?.collisionCount),
  ];
}
