/** Validation of ControllerRevisions, beyond metadata. Follows pkg/apis/apps/validation. */
import type { ControllerRevision } from '../../../../api/apps.ts';
import { deepEqual } from '../../deep-equal.ts';
import { immutable, notNegative, required, type FieldError } from '../../validation/field-errors.ts';

/** Its data may be any JSON, null too, which is none. */
export function validateControllerRevision({ data, revision }: { data?: unknown; revision?: number }): FieldError[] {
  return [
    ...(data === undefined || data === null ? [required('data', 'data is mandatory')] : []),
    ...notNegative('revision', revision),
  ];
}

/** What was once does not change. */
export function validateControllerRevisionUpdate(revision: ControllerRevision, old: ControllerRevision): FieldError[] {
  return [...validateControllerRevision(revision), ...immutable('data', revision.data, deepEqual(revision.data, old.data))];
}
