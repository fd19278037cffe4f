/** CEL expressions of webhooks and policies, before anything runs them. */
import type { MatchCondition } from '../../../api/admissionregistration.ts';
import { check, duplicate, invalid, required, tooMany, type FieldError } from '../validation/field-errors.ts';
import { qualifiedName } from '../validation/names.ts';

/** What an expression may name beside `object`, `oldObject`, `request` and `namespaceObject`. */
export interface ExpressionScope {
  params: boolean;
  authorizer: boolean;
  /** Names of variables that are defined before it. */
  variables: readonly string[];
  result: 'bool' | 'string' | 'any';
}

/** Says what is wrong with an expression (`compilation failed: ...`), undefined for nothing. */
export type ExpressionCheck = (expression: string, scope: ExpressionScope) => string | undefined;

const maxConditions = 64;

/** @param known expressions that were accepted before: rules get stricter, objects stay. */
export function checkExpression(field: string, expression: string, problem: string | undefined): FieldError[] {
  return problem === undefined ? [] : [invalid(field, expression, problem)];
}

export function validateMatchConditions(conditions: readonly Partial<MatchCondition>[], path: string, problemOf: (expression: string) => string | undefined): FieldError[] {
  const seen = new Set<string>();
  return [
    ...(conditions.length > maxConditions ? [tooMany(path, conditions.length, maxConditions)] : []),
    ...conditions.flatMap(({ name = '', expression = '' }, index) => {
      const place = `${path}[${index}]`;
      const trimmed = expression.trim();
      const errors = trimmed ? checkExpression(`${place}.expression`, trimmed, problemOf(trimmed)) : [required(`${place}.expression`)];
      errors.push(...(name ? check(`${place}.name`, name, qualifiedName) : [required(`${place}.name`)]));
      if (name && seen.has(name)) errors.push(duplicate(`${place}.name`, name));
      seen.add(name);
      return errors;
    }),
  ];
}
