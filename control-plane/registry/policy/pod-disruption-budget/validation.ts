/** Validation of PodDisruptionBudgets, beyond metadata. Follows pkg/apis/policy/validation. */
import type { PodDisruptionBudget } from '../../../../api/policy.ts';
import { notNegativeCounts } from '../../apps/deployment/status-counts.ts';
import { invalid, notSupported, type FieldError } from '../../validation/field-errors.ts';
import { atMostHundredPercent, positiveIntOrPercent } from '../../validation/int-or-percent.ts';
import { validateConditions } from '../../validation/conditions.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';

type Spec = NonNullable<PodDisruptionBudget['spec']>;

const policies = ['AlwaysAllow', 'IfHealthyBudget'];

export function validatePodDisruptionBudget(budget: PodDisruptionBudget): FieldError[] {
  const spec: Spec = budget.spec ?? {};
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: policy } = spec;
  return [
    ...(minAvailable !== undefined && maxUnavailable !== undefined ? [invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')] : []),
    ...(['minAvailable', 'maxUnavailable'] as const).flatMap((field) => {
      const value = spec[field];
      return value === undefined ? [] : [...positiveIntOrPercent(`spec.${field}`, value), ...atMostHundredPercent(`spec.${field}`, value)];
    }),
    ...validateLabelSelector(spec.selector, 'spec.selector'),
    ...(policy !== undefined && !policies.includes(policy) ? [notSupported('spec.unhealthyPodEvictionPolicy', policy, policies)] : []),
  ];
}

export function validatePodDisruptionBudgetStatusUpdate({ status }: PodDisruptionBudget, _old: PodDisruptionBudget): FieldError[] {
  const { conditions = [], disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods }: Partial<NonNullable<PodDisruptionBudget['status']>> = status ?? {};
  return [...validateConditions(conditions, 'status.conditions'), ...notNegativeCounts({ disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods })];
}
