/** Whether the rules of a schema compile. Messages are those of apiextensions' validation. */
import type { FieldError } from '../../api/errors.ts';
import { CelCompileError } from '../cel/program.ts';
import { forbidden, invalid, notSupported, required } from '../registry/validation/field-errors.ts';
import { celTypeOf, compileRule } from './rules.ts';
import { compileSchema, type Schema, type SchemaNode } from './schema-node.ts';

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** @param schema structural. */
export function validateRules(schema: Schema, path: string): FieldError[] {
  const node = compileSchema(schema);
  const errors: FieldError[] = [];
  if (node.hasRules) visit(node, path, { whole: true, correlatable: true }, errors);
  return errors;
}

function visit(node: SchemaNode, path: string, context: { whole: boolean; correlatable: boolean }, errors: FieldError[]): void {
  if (!node.hasRules) return;
  node.rules.forEach((rule, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const text = rule.rule.trim();
    if (text === '') {
      errors.push(required(`${at}.rule`, 'rule is not specified'));
      return;
    }
    const { message } = rule;
    if (message !== undefined && message.trim() === '') errors.push(invalid(`${at}.message`, message, 'message must be non-empty if specified'));
    else if (message?.trim().includes('\n')) errors.push(invalid(`${at}.message`, message, 'message must not contain line breaks'));
    else if (text.includes('\n') && !message) errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
    if (rule.reason !== undefined && !reasons.includes(rule.reason)) errors.push(notSupported(`${at}.reason`, rule.reason, reasons));
    if (rule.fieldPath !== undefined && !leadsSomewhere(node, rule.fieldPath)) errors.push(invalid(`${at}.fieldPath`, rule.fieldPath, `fieldPath must be a valid path: does not refer to a valid field`));
    try {
      const { transition } = compileRule(rule, celTypeOf(node, context.whole));
      if (transition && !context.correlatable) errors.push(invalid(`${at}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${path}`));
      if (rule.optionalOldSelf && !transition) errors.push(invalid(`${at}.optionalOldSelf`, true, 'may not be set if oldSelf is not used in rule'));
    } catch (error) {
      if (!(error instanceof CelCompileError)) throw error;
      errors.push(invalid(`${at}.rule`, rule, `compilation failed: ${error.message}`));
    }
  });
  for (const [name, child] of node.properties) {
    if (context.whole && name === 'metadata' && child.hasRules) errors.push(forbidden(`${path}.properties[metadata]`, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
    visit(child, `${path}.properties[${name}]`, { whole: false, correlatable: context.correlatable }, errors);
  }
  if (typeof node.additional === 'object') visit(node.additional, `${path}.additionalProperties`, { whole: false, correlatable: context.correlatable }, errors);
  if (node.items) visit(node.items, `${path}.items`, { whole: false, correlatable: context.correlatable && node.listType === 'map' }, errors);
}

function leadsSomewhere(node: SchemaNode, path: string): boolean {
  let at: SchemaNode | undefined = node;
  for (const [, name, quoted] of path.matchAll(/\.([\w-]+)|\['([^']*)'\]/g)) {
    const key: string = name ?? quoted ?? '';
    at = at.properties.get(key) ?? (typeof at.additional === 'object' ? at.additional : undefined);
    if (!at) return false;
  }
  return path.trim() !== '';
}
