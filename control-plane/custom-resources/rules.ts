/** Checks the rules of a schema (`x-kubernetes-validations`). */
import type { FieldError } from '../../api/errors.ts';
import type { SchemaNode } from './schema-node.ts';

export interface RuleChecker {
  /** @param old the object before, undefined on create. */
  check(object: object, old: object | undefined): FieldError[];
}

export function compileRuleChecker(_node: SchemaNode): RuleChecker | undefined {
  return undefined;
}
