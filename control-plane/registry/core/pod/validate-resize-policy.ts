/** What becomes of a container whose resources change. Follows pkg/apis/core/validation: validateResizePolicy. */
import { duplicate, invalid, oneOf, type FieldError } from '../../validation/field-errors.ts';

interface ResizePolicy {
  resourceName?: string;
  restartPolicy?: string;
}

/** @param restartPolicy of the pod: what never restarts cannot restart to be resized. */
export function validateResizePolicy(policies: readonly ResizePolicy[], path: string, restartPolicy: string | undefined): FieldError[] {
  return policies.flatMap((policy, index) => [
    ...(policies.findIndex(({ resourceName }) => resourceName === policy.resourceName) < index ? [duplicate(`${path}[${index}]`, policy.resourceName)] : []),
    ...oneOf(path, policy.resourceName, ['cpu', 'memory']),
    ...oneOf(path, policy.restartPolicy, ['NotRequired', 'RestartContainer']),
    ...(restartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired' ? [invalid(path, policy.restartPolicy ?? '', "must be 'NotRequired' when `restartPolicy` is 'Never'")] : []),
  ]);
}
