/** Counts in the status of a Deployment or ReplicaSet. */
import { notNegative, type FieldError } from '../../validation/field-errors.ts';

export function notNegativeCounts(counts: Readonly<Record<string, number | undefined>>): FieldError[] {
  return Object.entries(counts).flatMap(([field, count]) => notNegative(`status.${field}`, count));
}
