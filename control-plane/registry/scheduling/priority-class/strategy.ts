/** PriorityClasses. Follows pkg/registry/scheduling/priorityclass and pkg/apis/scheduling. */
import { priorityClasses } from '../../../../api/resources.ts';
import type { PriorityClass } from '../../../../api/scheduling.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { forbidden, immutable, oneOf, type FieldError } from '../../validation/field-errors.ts';
import { highestUserPriority, systemPriorityClasses, systemPriorityPrefix } from './system-priority-classes.ts';

export const priorityClassStrategy: Strategy<PriorityClass> = {
  ...plainStrategy,
  resource: priorityClasses,
  defaults(priorityClass) {
    const given: Partial<PriorityClass> = priorityClass;
    given.value ??= 0;
    given.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
  // 1, and what counts never changes.
  generationChanged: () => false,
};

export function validatePriorityClass(priorityClass: PriorityClass): FieldError[] {
  const { metadata, value, preemptionPolicy } = priorityClass;
  const errors: FieldError[] = [];
  if (metadata?.name?.startsWith(systemPriorityPrefix)) {
    const problem = systemClassProblem(priorityClass, metadata.name);
    if (problem) errors.push(forbidden('metadata.name', `priority class names with '${systemPriorityPrefix}' prefix are reserved for system use only. error: ${problem}`));
  } else if (value > highestUserPriority) {
    errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`));
  }
  return preemptionPolicy === undefined ? errors : [...errors, ...oneOf('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never'])];
}

function systemClassProblem({ value, globalDefault = false }: PriorityClass, name: string): string | undefined {
  const known = systemPriorityClasses.find(({ metadata }) => metadata?.name === name);
  if (!known) return `${name} is not a known system priority class`;
  if (value !== known.value) return `value of ${name} PriorityClass must be ${known.value}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClassUpdate(priorityClass: PriorityClass, old: PriorityClass): FieldError[] {
  return [
    ...(priorityClass.value === old.value ? [] : [forbidden('value', 'may not be changed in an update.')]),
    ...immutable('preemptionPolicy', priorityClass.preemptionPolicy, priorityClass.preemptionPolicy === old.preemptionPolicy),
  ];
}
