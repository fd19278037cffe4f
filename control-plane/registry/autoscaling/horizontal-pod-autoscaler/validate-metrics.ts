/** What an autoscaler looks at. Follows pkg/apis/autoscaling/validation. */
import type { MetricSpec } from '../../../../api/autoscaling.ts';
import { parseQuantity } from '../../../../api/quantity.ts';
import { check, forbidden, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { dnsLabel, pathSegment } from '../../validation/names.ts';
import { validateContainerResourceName } from '../../validation/resource-names.ts';

/** By the field that each type of metric has, in the order in which they are looked at. */
const sources = { object: 'Object', external: 'External', pods: 'Pods', resource: 'Resource', containerResource: 'ContainerResource' } as const;
const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

type Field = keyof typeof sources;
type Target = Partial<NonNullable<MetricSpec['resource']>['target']>;
interface Source {
  name?: string;
  container?: string;
  metric?: { name?: string };
  describedObject?: { kind?: string; name?: string };
  target?: Target;
}

export function validateTargetReference({ kind, name }: { kind?: string; name?: string }, path: string): FieldError[] {
  return [
    ...(kind ? check(`${path}.kind`, kind, pathSegment) : [required(`${path}.kind`)]),
    ...(name ? check(`${path}.name`, name, pathSegment) : [required(`${path}.name`)]),
  ];
}

export function validateMetricSpec(metric: Partial<MetricSpec>, path: string): FieldError[] {
  const type = metric.type ?? '';
  const present = (Object.keys(sources) as Field[]).filter((field) => metric[field] !== undefined);
  const expected = (Object.keys(sources) as Field[]).find((field) => sources[field] === type);
  const [first] = present;
  const unknown = types.includes(type) ? [] : [notSupported(`${path}.type`, type, types)];
  return [
    ...(type ? [] : [required(`${path}.type`, 'must specify a metric source type')]),
    ...unknown,
    ...(first ? validateSource(metric[first] as Source, first, `${path}.${first}`) : []),
    ...(expected && !present.includes(expected) ? [required(`${path}.${expected}`, 'must populate information for the given metric source')] : []),
    ...(present.length === 1 ? [] : present.filter((field) => field !== expected).map((field) => forbidden(`${path}.${field}`, 'must populate the given metric source only'))),
  ];
}

function validateSource(source: Source, field: Field, path: string): FieldError[] {
  const target = source.target ?? {};
  const errors = [...validateSubject(source, field, path), ...validateTarget(target, `${path}.target`)];
  const { value, averageValue, averageUtilization } = target;
  switch (field) {
    case 'object':
      if (value === undefined && averageValue === undefined) errors.push(required(`${path}.target.averageValue`, 'must set either a target value or averageValue'));
      return errors;
    case 'external':
      if (value === undefined && averageValue === undefined) errors.push(required(`${path}.target.averageValue`, 'must set either a target value for metric or a per-pod target'));
      if (value !== undefined && averageValue !== undefined) errors.push(forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target'));
      return errors;
    case 'pods':
      if (averageValue === undefined) errors.push(required(`${path}.target.averageValue`, 'must specify a positive target averageValue'));
      return errors;
    case 'resource': case 'containerResource':
      if (averageUtilization === undefined && averageValue === undefined) errors.push(required(`${path}.target.averageUtilization`, 'must set either a target raw value or a target utilization'));
      if (averageUtilization !== undefined && averageValue !== undefined) errors.push(forbidden(`${path}.target.averageValue`, 'may not set both a target raw value and a target utilization'));
      return errors;
  }
}

/** What is measured. */
function validateSubject({ name, container, metric, describedObject }: Source, field: Field, path: string): FieldError[] {
  switch (field) {
    case 'object': return [...validateTargetReference(describedObject ?? {}, `${path}.describedObject`), ...validateMetricName(metric?.name, `${path}.metric.name`)];
    case 'external': case 'pods': return validateMetricName(metric?.name, `${path}.metric.name`);
    case 'resource': return name ? [] : [required(`${path}.name`, 'must specify a resource name')];
    case 'containerResource': return [
      ...(name ? validateContainerResourceName(name, `${path}.name`) : [required(`${path}.name`, 'must specify a resource name')]),
      ...(container ? check(`${path}.container`, container, dnsLabel) : [required(`${path}.container`, 'must specify a container')]),
    ];
  }
}

function validateMetricName(name: string | undefined, field: string): FieldError[] {
  return name ? check(field, name, pathSegment) : [required(field, 'must specify a metric name')];
}

function validateTarget({ type = '', value, averageValue, averageUtilization }: Target, path: string): FieldError[] {
  const errors = type ? [] : [required(`${path}.type`, 'must specify a metric target type')];
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) errors.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  for (const [field, amount] of [['value', value], ['averageValue', averageValue]] as const) {
    if (amount !== undefined && parseQuantity(amount) <= 0n) errors.push(invalid(`${path}.${field}`, amount, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) errors.push(invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'));
  return errors;
}
