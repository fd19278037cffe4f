/** What says where a pod may run. Follows pkg/apis/core/validation. */
import type { Affinity, NodeSelectorTerm, PodAffinityTerm, PodSpec, Toleration, TopologySpreadConstraint, WeightedPodAffinityTerm } from './pod-parts.ts';
import { check, duplicate, forbidden, invalid, notSupported, oneOf, positive, required, supportedIfSet, type FieldError } from '../../validation/field-errors.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName } from '../../validation/names.ts';
import { duplicates, validateLabels } from '../../validation/object-meta.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const required1To100 = 'must be in the range 1-100';

export function validateScheduling(spec: Partial<PodSpec>, path: string): FieldError[] {
  return [
    ...(spec.nodeName ? check(`${path}.nodeName`, spec.nodeName, dnsSubdomain) : []),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateAffinity(spec.affinity ?? {}, `${path}.affinity`),
    ...validateSpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...validateGates(spec, path),
  ];
}

function validateGates({ schedulingGates = [] }: Partial<PodSpec>, path: string): FieldError[] {
  const place = (index: number) => `${path}.schedulingGates[${index}]`;
  return [
    ...schedulingGates.flatMap(({ name }, index) => check(place(index), name, qualifiedName)),
    ...duplicates(schedulingGates.map(({ name }) => name), place),
  ];
}

export function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => validateToleration(toleration, `${path}[${index}]`));
}

function validateToleration(toleration: Toleration, path: string): FieldError[] {
  const { key, operator, value, effect, tolerationSeconds } = toleration;
  const errors = key ? check(`${path}.key`, key, qualifiedName) : [];
  if (!key && operator !== 'Exists') {
    errors.push(invalid(`${path}.operator`, operator ?? '', 'operator must be Exists when `key` is empty, which means "match all values and all keys"'));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(invalid(`${path}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  }
  const problems = labelValue(value ?? '').join(';');
  if (!operator || operator === 'Equal') errors.push(...(problems ? [invalid(`${path}.operator`, value ?? '', problems)] : []));
  else if (operator !== 'Exists') errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']));
  else if (value) errors.push(invalid(`${path}.operator`, { Key: key ?? '', Operator: operator, Value: value, Effect: effect ?? '', TolerationSeconds: tolerationSeconds ?? null }, "value must be empty when `operator` is 'Exists'"));
  return [...errors, ...(effect ? oneOf(`${path}.effect`, effect, effects) : [])];
}

function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, path: string): FieldError[] {
  return [
    ...(nodeAffinity ? validateNodeAffinity(nodeAffinity, `${path}.nodeAffinity`) : []),
    ...(podAffinity ? validatePodAffinity(podAffinity, `${path}.podAffinity`) : []),
    ...(podAntiAffinity ? validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`) : []),
  ];
}

function validateNodeAffinity(affinity: NonNullable<Affinity['nodeAffinity']>, path: string): FieldError[] {
  const hard = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  const errors = hard ? validateNodeSelector(hard, `${path}.requiredDuringSchedulingIgnoredDuringExecution`) : [];
  (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).forEach(({ weight, preference }, index) => {
    const place = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    errors.push(...validateWeight(weight, `${place}.weight`), ...validateNodeTerm(preference, `${place}.preference`));
  });
  return errors;
}

export function validateNodeSelector(selector: { nodeSelectorTerms?: readonly Partial<NodeSelectorTerm>[] }, parent: string): FieldError[] {
  const path = `${parent}.nodeSelectorTerms`;
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) return [required(path, 'must have at least one node selector term')];
  return terms.flatMap((term, index) => validateNodeTerm(term, `${path}[${index}]`, true));
}

function validateWeight(weight: number | undefined, field: string): FieldError[] {
  const value = weight ?? 0;
  return value >= 1 && value <= 100 ? [] : [invalid(field, value, required1To100)];
}

interface Requirement {
  key?: string;
  operator?: string;
  values?: string[];
}

/** @param strict no value that a label cannot have; a preference may name one. */
function validateNodeTerm(term: Partial<NodeSelectorTerm> | undefined, path: string, strict = false): FieldError[] {
  return [
    ...(term?.matchExpressions ?? []).flatMap((requirement, index) => [
      ...validateNodeRequirement(requirement, `${path}.matchExpressions[${index}]`),
      ...(strict ? (requirement.values ?? []).flatMap((value, number) => check(`${path}.matchExpressions[${index}].values[${number}]`, value, labelValue)) : []),
    ]),
    ...(term?.matchFields ?? []).flatMap(({ key = '', operator = '', values = [] }: Requirement, index) => {
      const place = `${path}.matchFields[${index}]`;
      const byName = operator === 'In' || operator === 'NotIn';
      return [
        ...(byName ? [] : [invalid(`${place}.operator`, operator, 'not a valid selector operator')]),
        ...(byName && values.length !== 1 ? [required(`${place}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")] : []),
        ...(key === 'metadata.name' ? values.flatMap((value, number) => check(`${place}.values[${number}]`, value, dnsSubdomain)) : [invalid(`${place}.key`, key, 'not a valid field selector key')]),
      ];
    }),
  ];
}

function validateNodeRequirement({ key = '', operator = '', values = [] }: Requirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  switch (operator) {
    case 'In': case 'NotIn':
      if (values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists': case 'DoesNotExist':
      if (values.length > 0) errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt': case 'Lt':
      if (values.length !== 1) errors.push(required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  }
  return [...errors, ...check(`${path}.key`, key, qualifiedName)];
}

type PodAffinityRules = NonNullable<Affinity['podAffinity']>;

function validatePodAffinity(affinity: PodAffinityRules, path: string): FieldError[] {
  const hard = affinity.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const soft: readonly Partial<WeightedPodAffinityTerm>[] = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...hard.flatMap((term, index) => validatePodTerm(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`)),
    ...soft.flatMap(({ weight, podAffinityTerm }, index) => {
      const place = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      return [...validateWeight(weight, `${place}.weight`), ...validatePodTerm(podAffinityTerm ?? {}, `${place}.podAffinityTerm`)];
    }),
  ];
}

function validatePodTerm(term: Partial<PodAffinityTerm>, path: string): FieldError[] {
  return [
    ...validateLabelSelector(term.labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((name) => check(`${path}.namespace`, name, dnsLabel)),
    ...(term.topologyKey ? [] : [required(`${path}.topologyKey`, 'can not be empty')]),
    ...check(`${path}.topologyKey`, term.topologyKey, qualifiedName),
  ];
}

function validateSpread(constraints: readonly Partial<TopologySpreadConstraint>[], path: string): FieldError[] {
  const seen = new Set<string>();
  return constraints.flatMap((constraint, index) => {
    const place = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', minDomains } = constraint;
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    const errors = [
      ...(maxSkew > 0 ? [] : [invalid(`${place}.maxSkew`, maxSkew, 'must be greater than zero')]),
      ...(topologyKey ? check(`${place}.topologyKey`, topologyKey, qualifiedName) : [required(`${place}.topologyKey`, 'can not be empty')]),
      ...supportedIfSet(`${place}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
      ...positive(`${place}.minDomains`, minDomains),
      ...supportedIfSet(`${place}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, ['Honor', 'Ignore']),
      ...supportedIfSet(`${place}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, ['Honor', 'Ignore']),
      ...validateLabelSelector(constraint.labelSelector, `${place}.labelSelector`),
      ...(seen.has(pair) ? [duplicate(`${place}.{topologyKey, whenUnsatisfiable}`, pair)] : []),
    ];
    seen.add(pair);
    return errors;
  });
}
