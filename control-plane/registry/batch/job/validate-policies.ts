/** When a Job fails early, and when it succeeds early. Follows pkg/apis/batch/validation. */
import type { JobSpec } from '../../../../api/batch.ts';
import { check, duplicate, invalid, notNegative, notSupported, omitted, required, tooLong, tooMany, type FieldError } from '../../validation/field-errors.ts';
import { qualifiedName } from '../../validation/names.ts';
import { countIndexes, IndexError } from './index-intervals.ts';

type Spec = Partial<JobSpec>;
type FailureRule = Partial<NonNullable<JobSpec['podFailurePolicy']>['rules'][number]>;
type ExitCodes = Partial<NonNullable<FailureRule['onExitCodes']>>;
type SuccessRule = NonNullable<JobSpec['successPolicy']>['rules'][number];

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];
const maxRules = 20;
const maxExitCodes = 255;
const maxPatterns = 20;
const maxIndexBytes = 64 * 1024;

/** As Go prints a list of strings with %q. */
function quotedList(values: readonly string[]): string {
  return `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

export function validateFailurePolicy(spec: Spec, path: string): FieldError[] {
  const rules: readonly FailureRule[] = spec.podFailurePolicy?.rules ?? [];
  const pod = spec.template?.spec;
  const names = new Set([...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(({ name }) => name));
  return [
    ...(rules.length > maxRules ? [tooMany(`${path}.rules`, rules.length, maxRules)] : []),
    ...rules.flatMap((rule, index) => validateFailureRule(spec, rule, `${path}.rules[${index}]`, names)),
  ];
}

function validateFailureRule(spec: Spec, rule: FailureRule, path: string, names: ReadonlySet<string>): FieldError[] {
  const { onExitCodes, onPodConditions = [] } = rule;
  const errors = validateAction(spec, rule.action ?? '', `${path}.action`);
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, `${path}.onExitCodes`, names));
  errors.push(...validatePatterns(onPodConditions, `${path}.onPodConditions`));
  if (onExitCodes && onPodConditions.length > 0) errors.push(omitted(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!onExitCodes && onPodConditions.length === 0) errors.push(omitted(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return errors;
}

function validateAction(spec: Spec, action: string, field: string): FieldError[] {
  if (action === '') return [required(field, quotedList(actions))];
  if (action === 'FailIndex') return spec.backoffLimitPerIndex === undefined ? [invalid(field, action, 'requires the backoffLimitPerIndex to be set')] : [];
  return actions.includes(action) ? [] : [notSupported(field, action, actions)];
}

function validatePatterns(patterns: readonly { type?: string; status?: string }[], path: string): FieldError[] {
  return [
    ...(patterns.length > maxPatterns ? [tooMany(path, patterns.length, maxPatterns)] : []),
    ...patterns.flatMap(({ type, status }, index) => [
      ...check(`${path}[${index}].type`, type, qualifiedName),
      ...(!status ? [required(`${path}[${index}].status`, quotedList(statuses))] : statuses.includes(status) ? [] : [notSupported(`${path}[${index}].status`, status, statuses)]),
    ]),
  ];
}

function validateExitCodes({ operator = '', containerName, values = [] }: ExitCodes, path: string, names: ReadonlySet<string>): FieldError[] {
  const field = `${path}.values`;
  const errors: FieldError[] = [];
  if (operator === '') errors.push(required(`${path}.operator`, quotedList(operators)));
  else if (!operators.includes(operator)) errors.push(notSupported(`${path}.operator`, operator, operators));
  if (containerName !== undefined && !names.has(containerName)) errors.push(invalid(`${path}.containerName`, containerName, 'must be one of the container or initContainer names in the pod template'));
  if (values.length === 0) errors.push(invalid(field, values, 'at least one value is required'));
  else if (values.length > maxExitCodes) errors.push(tooMany(field, values.length, maxExitCodes));
  const seen = new Set<number>();
  values.forEach((value, index) => {
    if (operator === 'In' && value === 0) errors.push(invalid(`${field}[${index}]`, value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(`${field}[${index}]`, value));
    seen.add(value);
  });
  if (values.some((value, index) => index > 0 && values[index - 1]! > value)) errors.push(invalid(field, values, 'must be ordered'));
  return errors;
}

/** Of an Indexed Job with a number of completions. */
export function validateSuccessPolicy(spec: Spec, path: string): FieldError[] {
  const rules = spec.successPolicy?.rules ?? [];
  return [
    ...(rules.length === 0 ? [required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified')] : []),
    ...(rules.length > maxRules ? [tooMany(`${path}.rules`, rules.length, maxRules)] : []),
    ...rules.flatMap((rule, index) => validateSuccessRule(rule, spec.completions ?? 0, `${path}.rules[${index}]`)),
  ];
}

function validateSuccessRule({ succeededCount: count, succeededIndexes: indexes }: SuccessRule, completions: number, path: string): FieldError[] {
  const errors = count === undefined && indexes === undefined ? [required(path, 'at least one of succeededCount or succeededIndexes must be specified')] : [];
  let total = 0;
  if (indexes !== undefined) {
    const field = `${path}.succeededIndexes`;
    if (indexes.length > maxIndexBytes) errors.push(tooLong(field, maxIndexBytes));
    try {
      total = countIndexes(indexes, completions);
    } catch (error) {
      if (!(error instanceof IndexError)) throw error;
      errors.push(invalid(field, indexes, `error parsing succeededIndexes: ${error.message}`));
    }
  }
  if (count === undefined) return errors;
  const field = `${path}.succeededCount`;
  errors.push(...notNegative(field, count));
  if (count > completions) errors.push(invalid(field, count, `must be less than or equal to ${completions} (the number of specified completions)`));
  if (indexes !== undefined && count > total) errors.push(invalid(field, count, `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`));
  return errors;
}
