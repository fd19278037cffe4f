/** Whether the rules of a schema compile, and cost little enough. */
import type { FieldError } from '../../api/errors.ts';
import type { Schema } from './schema-node.ts';

export function validateRules(_schema: Schema, _path: string): FieldError[] {
  return [];
}
