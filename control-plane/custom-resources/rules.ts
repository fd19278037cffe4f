/**
 * The rules of a schema (`x-kubernetes-validations`). Follows apiextensions' pkg/apiserver/schema/cel: each rule sees the part
 * of the object that it stands at as `self`, transition rules see `oldSelf` too, and all of one request share a budget.
 */
import type { ValidationRule } from 'kubernetes-types/apiextensions/v1';
import type { FieldError } from '../../api/errors.ts';
import { compileCel } from '../cel/compile.ts';
import { adapt, Optional } from '../cel/values.ts';
import { CelEvaluationError, runtimeCostBudget, type CelBudget, type CelProgram } from '../cel/program.ts';
import { bool, bytes, double, duration, dyn, int, listOf, mapOf, optionalOf, string, timestamp, type CelType } from '../cel/types.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { duplicate, forbidden, invalid, required } from '../registry/validation/field-errors.ts';
import type { SchemaNode } from './schema-node.ts';

export interface RuleChecker {
  /** @param old the object before, undefined on create. */
  check(object: object, old: object | undefined): FieldError[];
}

export interface CompiledRule {
  readonly rule: Rule;
  readonly program: CelProgram;
  readonly message: CelProgram | undefined;
  /** Looks at oldSelf, so there must be one. */
  readonly transition: boolean;
}

type JsonObject = Record<string, unknown>;

const types = new WeakMap<SchemaNode, CelType>();

/** The type of the values of a schema. @param whole the schema of a whole object of the API. */
export function celTypeOf(node: SchemaNode, whole = false): CelType {
  const known = types.get(node);
  if (known) return known;
  const type = makeType(node, whole || node.embedded);
  types.set(node, type);
  return type;
}

function makeType(node: SchemaNode, whole: boolean): CelType {
  if (node.intOrString) return { kind: 'intOrString' };
  switch (node.type) {
    case 'string': return { 'date-time': timestamp, date: timestamp, duration, byte: bytes }[node.value.format ?? ''] ?? string;
    case 'integer': return int;
    case 'number': return double;
    case 'boolean': return bool;
    case 'array': return listOf(node.items ? celTypeOf(node.items) : dyn);
    case 'object': {
      if (typeof node.additional === 'object') return mapOf(string, celTypeOf(node.additional));
      const fields = new Map([...node.properties].filter(([, child]) => isVisible(child)).map(([name, child]) => [name, celTypeOf(child)] as const));
      if (whole) {
        for (const name of ['apiVersion', 'kind']) fields.set(name, string);
        fields.set('metadata', { kind: 'object', name: 'metadata', fields: new Map([['name', string], ['generateName', string]]) });
      }
      return { kind: 'object', name: 'object', fields };
    }
    default: return dyn;
  }
}

/** What has no type in the schema is not there for expressions. */
function isVisible({ intOrString, type, items, additional }: SchemaNode): boolean {
  if (intOrString) return true;
  if (type === 'array') return items !== undefined && isVisible(items);
  return type !== undefined && (typeof additional !== 'object' || isVisible(additional));
}

/** As a definition has it, with fields that may be missing. */
export type Rule = { [K in keyof ValidationRule]: ValidationRule[K] | undefined };

export function variablesOf({ optionalOldSelf }: Rule, self: CelType): Readonly<Record<string, CelType>> {
  return { self, oldSelf: optionalOldSelf ? optionalOf(self) : self };
}

/** @throws CelCompileError */
export function compileRule(rule: Rule, self: CelType): CompiledRule {
  const variables = variablesOf(rule, self);
  const program = compileCel(rule.rule ?? '', { variables, result: [bool] });
  const message = rule.messageExpression ? compileCel(rule.messageExpression, { variables, result: [string] }) : undefined;
  return { rule, program, message, transition: program.uses('oldSelf') };
}

/** @returns undefined where the schema has no rules. */
export function compileRuleChecker(node: SchemaNode): RuleChecker | undefined {
  if (!node.hasRules) return undefined;
  const compiled = new Map<SchemaNode, CompiledRule[]>();
  const compile = (one: SchemaNode, whole: boolean): void => {
    if (!one.hasRules) return;
    if (one.rules.length > 0) compiled.set(one, one.rules.map((rule) => compileRule(rule, celTypeOf(one, whole))));
    for (const child of one.properties.values()) compile(child, false);
    if (typeof one.additional === 'object') compile(one.additional, false);
    if (one.items) compile(one.items, false);
  };
  compile(node, true);
  return {
    check(object, old) {
      const walk = new RuleWalk(compiled);
      walk.visit(object, node, '', old);
      return walk.errors;
    },
  };
}

class RuleWalk {
  readonly errors: FieldError[] = [];
  private readonly compiled: ReadonlyMap<SchemaNode, readonly CompiledRule[]>;
  private readonly budget: CelBudget = { remaining: runtimeCostBudget };
  private exhausted = false;

  constructor(compiled: ReadonlyMap<SchemaNode, readonly CompiledRule[]>) {
    this.compiled = compiled;
  }

  /** @param around a list whose elements have no identity, or something around it, is as it was. */
  visit(value: unknown, node: SchemaNode, path: string, old: unknown, around = false): void {
    if (!node.hasRules || this.exhausted || value === null || value === undefined) return;
    const unchanged = old === undefined ? around : deepEqual(value, old);
    for (const rule of this.compiled.get(node) ?? []) this.apply(rule, value, { path, old, unchanged, node });
    if (Array.isArray(value)) {
      this.visitList(value, node, { path, old, unchanged });
      return;
    }
    if (typeof value !== 'object') return;
    const before = typeof old === 'object' && old !== null ? old as JsonObject : undefined;
    for (const [name, item] of Object.entries(value)) {
      const child = node.properties.get(name) ?? node.additional;
      if (typeof child === 'object') this.visit(item, child, path === '' ? name : node.properties.has(name) ? `${path}.${name}` : `${path}[${name}]`, before?.[name], unchanged);
    }
  }

  /** Only elements of a map have an identity that says which one they were before. */
  private visitList(value: readonly unknown[], node: SchemaNode, { path, old, unchanged }: { path: string; old: unknown; unchanged: boolean }): void {
    const { items, listType, listMapKeys } = node;
    if (!items) return;
    const keyOf = (item: unknown): string => JSON.stringify(listMapKeys.map((key) => (item as JsonObject | null)?.[key] ?? items.properties.get(key)?.default));
    const before = listType === 'map' && Array.isArray(old) ? new Map(old.map((item: unknown) => [keyOf(item), item])) : undefined;
    value.forEach((item, index) => this.visit(item, items, `${path}[${index}]`, before?.get(keyOf(item)), unchanged));
  }

  private apply({ rule, program, message, transition }: CompiledRule, value: unknown, at: { path: string; old: unknown; unchanged: boolean; node: SchemaNode }): void {
    if (this.exhausted) return;
    if (transition && at.old === undefined && !rule.optionalOldSelf) return;
    // A rule that came later does not refuse what is there already.
    if (!transition && at.unchanged) return;
    const variables = { self: value, ...(transition || message?.uses('oldSelf') ? { oldSelf: rule.optionalOldSelf ? optionalOld(at.old) : at.old } : {}) };
    const field = at.path === '' ? '<nil>' : at.path;
    const type = at.node.type ?? '';
    try {
      if (program.evaluate(variables, this.budget) === true) return;
    } catch (error) {
      if (!(error instanceof CelEvaluationError)) throw error;
      if (error.costExceeded && this.budget.remaining <= 0) this.exhausted = true;
      const why = error.costExceeded
        ? this.exhausted ? 'validation failed due to running out of cost budget, no further validation rules will be run' : `validation failed due to running out of cost budget, no further validation rules will be run: call cost exceeds limit for rule: ${shown(rule)}`
        : `${error.message} evaluating rule: ${shown(rule)}`;
      this.errors.push(invalid(field, type, why));
      return;
    }
    this.errors.push(failure(rule, at.node, { path: at.path, value }, this.textOf(message, variables) ?? (rule.message?.trim() || `failed rule: ${rule.rule?.trim() ?? ''}`)));
  }

  private textOf(message: CelProgram | undefined, variables: Readonly<Record<string, unknown>>): string | undefined {
    if (!message) return undefined;
    try {
      const text = message.evaluate(variables, this.budget);
      return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') && text.length <= 5120 ? text.trim() : undefined;
    } catch (error) {
      // The message of the rule itself stands in for one that cannot be made.
      if (!(error instanceof CelEvaluationError)) throw error;
      return undefined;
    }
  }
}

function failure({ reason, fieldPath }: Rule, node: SchemaNode, { path, value }: { path: string; value: unknown }, text: string): FieldError {
  const field = `${path}${(fieldPath && followFieldPath(node, fieldPath)) ?? ''}`.replace(/^\./, '') || '<nil>';
  // Objects and lists are too much to show.
  const whole = typeof value === 'object';
  switch (reason) {
    case 'FieldValueForbidden': return forbidden(field, text);
    case 'FieldValueRequired': return required(field, text);
    // Kubernetes has no room for a message there.
    case 'FieldValueDuplicate': return whole ? { reason, field, message: 'Duplicate value' } : duplicate(field, value);
    default: return whole ? { reason: 'FieldValueInvalid', field, message: `Invalid value: ${text}` } : invalid(field, value, text);
  }
}

/** `.spec.name` and `['a.b']`; elements of lists have no path. @returns undefined for what leads nowhere. */
export function followFieldPath(node: SchemaNode, path: string): string | undefined {
  const trimmed = path.trim();
  if (!/^(?:\.[^.[\]'\s]+|\['[^']+'\])+$/.test(trimmed)) return undefined;
  let at = node;
  let shown = '';
  for (const [, name, quoted] of trimmed.matchAll(/\.([^.[\]'\s]+)|\['([^']+)'\]/g)) {
    const key: string = name ?? quoted ?? '';
    const property = at.properties.get(key);
    const next = property ?? (typeof at.additional === 'object' ? at.additional : undefined);
    if (!next) return undefined;
    shown += property ? `.${key}` : `[${key}]`;
    at = next;
  }
  return shown;
}

/** undefined as an optional: the schema's `optionalOldSelf`. */
function optionalOld(old: unknown): unknown {
  return new Optional(old !== undefined, adapt(old, dyn));
}

function shown({ rule, message }: Rule): string {
  return message?.trim() || (rule?.trim() ?? '');
}
