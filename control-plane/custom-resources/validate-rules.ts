/**
 * Whether the rules of a schema compile, and cannot cost too much. Messages are those of apiextensions' validation
 * (pkg/apis/apiextensions/validation).
 */
import type { FieldError } from '../../api/errors.ts';
import { estimateCost, unboundedCost } from '../cel/cost-estimate.ts';
import { CelCompileError } from '../cel/program.ts';
import type { CelType } from '../cel/types.ts';
import { forbidden, invalid, notSupported, required } from '../registry/validation/field-errors.ts';
import { celTypeOf, compileRule, followFieldPath, variablesOf, type Rule } from './rules.ts';
import { compileSchema, type Schema, type SchemaNode } from './schema-node.ts';
import { maxRequestBytes, sizedTypeOf } from './sized-type.ts';

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
/** Of one expression, and of all in a schema. Cost units. */
const expressionLimit = 10_000_000;
const schemaLimit = 100_000_000;
/** How many expressions are named when all together cost too much. */
const maxNamed = 4;

interface Place {
  readonly whole: boolean;
  /** The list whose elements have no identity, so nothing says what they were before. */
  readonly uncorrelatable?: string;
  /** How often there may be such a value in an object; undefined when only the size of a request bounds it. */
  readonly times: number | undefined;
}

/** @param schema structural. */
export function validateRules(schema: Schema, path: string): FieldError[] {
  const node = compileSchema(schema);
  if (!node.hasRules) return [];
  const validation = new RuleValidation();
  validation.visit(node, path, { whole: true, times: 1 });
  return [...validation.errors, ...validation.totalErrors(path)];
}

class RuleValidation {
  readonly errors: FieldError[] = [];
  private total = 0;
  private expensive: { field: string; cost: number }[] = [];

  visit(node: SchemaNode, path: string, place: Place): void {
    if (!node.hasRules) return;
    // Children first, as apiextensions does.
    const { type, value } = node;
    const inside = (factor: number | undefined): Place => ({
      whole: false, times: place.times === undefined || factor === undefined ? undefined : place.times * Math.max(factor, 0),
      ...(place.uncorrelatable === undefined ? {} : { uncorrelatable: place.uncorrelatable }),
    });
    for (const [name, child] of node.properties) {
      if (place.whole && name === 'metadata' && child.hasRules) this.errors.push(forbidden(`${path}.properties[metadata]`, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
      this.visit(child, `${path}.properties[${name}]`, inside(1));
    }
    if (typeof node.additional === 'object') this.visit(node.additional, `${path}.additionalProperties`, inside(type === 'object' ? value.maxProperties : 1));
    if (node.items) this.visit(node.items, `${path}.items`, { ...(node.listType === 'map' ? {} : { uncorrelatable: path }), ...inside(value.maxItems) });
    node.rules.forEach((rule, index) => this.rule(rule, node, `${path}.x-kubernetes-validations[${index}]`, place));
  }

  /** When each rule is cheap enough, and all together are not. */
  totalErrors(path: string): FieldError[] {
    if (this.total <= schemaLimit) return [];
    const named = this.expensive.sort((a, b) => b.cost - a.cost).slice(0, maxNamed);
    return [
      ...named.map(({ field }) => forbidden(field, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema')),
      forbidden(path, overBudget('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', this.total, schemaLimit)),
    ];
  }

  private rule(rule: Rule, node: SchemaNode, at: string, place: Place): void {
    const wrong = checkTexts(rule, node, at);
    this.errors.push(...wrong);
    if (wrong.length > 0) return;
    const self = celTypeOf(node, place.whole);
    try {
      const { transition } = compileRule({ ...rule, messageExpression: undefined }, self);
      if (transition && place.uncorrelatable !== undefined) this.errors.push(invalid(`${at}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`));
      if (rule.optionalOldSelf !== undefined && !transition) this.errors.push(invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
    } catch (error) {
      this.errors.push(invalid(`${at}.rule`, internalRule(rule), textOf(error, 'compilation failed', 'cel expression must evaluate to a bool')));
      return;
    }
    this.cost(rule, 'rule', { node, self, at, place });
    if (!rule.messageExpression) return;
    try {
      compileRule(rule, self);
    } catch (error) {
      this.errors.push(invalid(`${at}.messageExpression`, internalRule(rule), textOf(error, 'messageExpression compilation failed', 'messageExpression must evaluate to a string')));
      return;
    }
    this.cost(rule, 'messageExpression', { node, self, at, place });
  }

  private cost(rule: Rule, part: 'rule' | 'messageExpression', { node, self, at, place }: { node: SchemaNode; self: CelType; at: string; place: Place }): void {
    const root = sizedTypeOf(node, place.whole || node.embedded) ?? { maxElements: 0, minBytes: 1 };
    const once = estimateCost(rule[part]!, { variables: variablesOf(rule, self) }, root);
    // Only a rule is counted for each value: a message is made of the first that fails.
    const times = part === 'messageExpression' ? 1 : place.times ?? Math.floor(maxRequestBytes / (root.minBytes + 1));
    const cost = once === 0 ? 0 : Math.min(once * times, unboundedCost);
    const field = `${at}.${part}`;
    if (cost > expressionLimit) this.errors.push(forbidden(field, overBudget(`estimated ${part} cost`, cost, expressionLimit)));
    this.total += cost;
    if (cost >= schemaLimit / 100) this.expensive.push({ field, cost });
  }
}

function overBudget(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** A rule as errors show it: with the names of Go's fields. */
function internalRule({ rule, message = '', messageExpression = '', reason, fieldPath = '', optionalOldSelf }: Rule): unknown {
  return { Rule: rule, Message: message, MessageExpression: messageExpression, Reason: reason ?? null, FieldPath: fieldPath, OptionalOldSelf: optionalOldSelf ?? null };
}

/** @throws what is no compile error. */
function textOf(error: unknown, compilation: string, result: string): string {
  if (!(error instanceof CelCompileError)) throw error;
  return error.message.startsWith('must evaluate to') ? result : `${compilation}: ${error.message}`;
}

function checkTexts(rule: Rule, node: SchemaNode, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const { message, messageExpression, reason, fieldPath } = rule;
  const text = rule.rule?.trim() ?? '';
  if (text === '') errors.push(required(`${at}.rule`, 'rule is not specified'));
  else if (message && message.trim() === '') errors.push(invalid(`${at}.message`, message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message?.trim() ?? '')) errors.push(invalid(`${at}.message`, message, 'must not contain line breaks'));
  else if (/[\n\r]/.test(text) && !message) errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
  if (messageExpression && messageExpression.trim() === '') errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, reasons));
  if (!fieldPath) return errors;
  if (fieldPath.trim() === '') errors.push(invalid(`${at}.fieldPath`, fieldPath, 'fieldPath must be non-empty if specified'));
  if (/[\n\r]/.test(fieldPath)) errors.push(invalid(`${at}.fieldPath`, fieldPath, 'fieldPath must not contain line breaks'));
  if (followFieldPath(node, fieldPath) === undefined) errors.push(invalid(`${at}.fieldPath`, fieldPath, 'must be a valid path'));
  return errors;
}
