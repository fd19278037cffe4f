/** Counts in the status of a workload. */
import { invalid, notNegative, type FieldError } from '../../validation/field-errors.ts';

export function notNegativeCounts(counts: Readonly<Record<string, number | undefined>>): FieldError[] {
  return Object.entries(counts).flatMap(([field, count]) => notNegative(`status.${field}`, count));
}

/** @param before of the status that is there; a count that starts is none that sank. */
export function notDecremented(field: string, count: number | undefined, before: number | undefined): FieldError[] {
  return before !== undefined && (count === undefined || count < before) ? [invalid(field, count ?? 0, 'cannot be decremented')] : [];
}
