/** Validation of HorizontalPodAutoscalers, beyond metadata. Follows pkg/apis/autoscaling/validation. */
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec } from '../../../../api/autoscaling.ts';
import { forbidden, invalid, notNegative, notNegativeMessage, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { parseQuantity } from '../../../../api/quantity.ts';
import { validateMetricSpec, validateTargetReference } from './validate-metrics.ts';

type Spec = Partial<HorizontalPodAutoscalerSpec>;
type Rules = NonNullable<NonNullable<HorizontalPodAutoscalerSpec['behavior']>['scaleUp']> & { tolerance?: string };
type Policy = Partial<NonNullable<Rules['policies']>[number]>;

const maxPeriodSeconds = 1800;
const maxStabilizationSeconds = 3600;
const selectPolicies = ['Disabled', 'Max', 'Min'];
const policyTypes = ['Percent', 'Pods'];

export function validateHorizontalPodAutoscaler({ spec = {} as HorizontalPodAutoscalerSpec }: HorizontalPodAutoscaler): FieldError[] {
  return validateSpec(spec, 1);
}

export function validateHorizontalPodAutoscalerUpdate({ spec = {} as HorizontalPodAutoscalerSpec }: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler): FieldError[] {
  return validateSpec(spec, old.spec?.minReplicas === 0 ? 0 : 1);
}

export function validateHorizontalPodAutoscalerStatusUpdate({ status }: HorizontalPodAutoscaler, _old: HorizontalPodAutoscaler): FieldError[] {
  return [...notNegative('status.currentReplicas', status?.currentReplicas), ...notNegative('status.desiredReplicas', status?.desiredReplicas)];
}

/** @param lowest replicas that there may be. */
function validateSpec(spec: Spec, lowest: number): FieldError[] {
  const { minReplicas, maxReplicas = 0 } = spec;
  return [
    ...(minReplicas !== undefined && minReplicas < lowest ? [invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${lowest}`)] : []),
    ...(maxReplicas < 1 ? [invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0')] : []),
    ...(minReplicas !== undefined && maxReplicas < minReplicas ? [invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`')] : []),
    ...validateTargetReference(spec.scaleTargetRef ?? {}, 'spec.scaleTargetRef'),
    ...(spec.metrics ?? []).flatMap((metric, index) => validateMetricSpec(metric, `spec.metrics[${index}]`)),
    ...(minReplicas === 0 && !spec.metrics?.some(({ type }) => type === 'Object' || type === 'External')
      ? [forbidden('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas')] : []),
    ...validateRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp'),
    ...validateRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown'),
  ];
}

function validateRules(rules: Rules | undefined, path: string): FieldError[] {
  if (!rules) return [];
  const { stabilizationWindowSeconds: seconds = 0, selectPolicy, policies = [], tolerance } = rules;
  return [
    ...(seconds < 0 ? [invalid(`${path}.stabilizationWindowSeconds`, seconds, 'must be greater than or equal to zero')] : []),
    ...(seconds > maxStabilizationSeconds ? [invalid(`${path}.stabilizationWindowSeconds`, seconds, `must be less than or equal to ${maxStabilizationSeconds}`)] : []),
    ...(selectPolicy !== undefined && !selectPolicies.includes(selectPolicy) ? [notSupported(`${path}.selectPolicy`, selectPolicy, selectPolicies)] : []),
    ...(policies.length === 0 ? [required(`${path}.policies`, 'must specify at least one Policy')] : []),
    ...policies.flatMap((policy, index) => validatePolicy(policy, `${path}.policies[${index}]`)),
    ...(tolerance !== undefined && parseQuantity(tolerance) < 0n ? [invalid(`${path}.tolerance`, tolerance, notNegativeMessage)] : []),
  ];
}

function validatePolicy({ type = '', value = 0, periodSeconds = 0 }: Policy, path: string): FieldError[] {
  return [
    ...(policyTypes.includes(type) ? [] : [notSupported(`${path}.type`, type, policyTypes)]),
    ...(value <= 0 ? [invalid(`${path}.value`, value, 'must be greater than zero')] : []),
    ...(periodSeconds <= 0 ? [invalid(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero')] : []),
    ...(periodSeconds > maxPeriodSeconds ? [invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${maxPeriodSeconds}`)] : []),
  ];
}
