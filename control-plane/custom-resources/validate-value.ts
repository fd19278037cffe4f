/**
 * Checks a custom object against its schema. Errors are worded as kube-openapi's validation and apiextensions' transformation
 * of it word them: `spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"`.
 */
import { deepEqual } from '../registry/deep-equal.ts';
import { duplicate, invalid, notSupported, required, type FieldError } from '../registry/validation/field-errors.ts';
import { hasFormat } from './formats.ts';
import type { SchemaNode, ValueRules } from './schema-node.ts';

type JsonObject = Record<string, unknown>;

/** What one answer lists at most. */
const maxErrors = 100;

/** @param old the object before: what an update leaves as it was is not checked again (ratcheting). */
export function validateValue(value: unknown, node: SchemaNode, old?: unknown): FieldError[] {
  const validator = new Validator();
  validator.root(value as JsonObject, node, old as JsonObject | undefined);
  return validator.errors.slice(0, maxErrors);
}

class Validator {
  readonly errors: FieldError[] = [];

  root(value: JsonObject, node: SchemaNode, old: JsonObject | undefined): void {
    this.check(value, node.value, '', old);
    if (node.hasListTypes) this.listTypes(value, node, '', old);
  }

  private check(value: unknown, rules: ValueRules, path: string, old: unknown): void {
    // The object itself always differs: its metadata do.
    if (old !== undefined && path !== '' && deepEqual(value, old)) return;
    if (this.errors.length >= maxErrors) return;
    if (!this.type(value, rules, path)) return;
    if (value === null) return;
    if (rules.enumeration && !rules.enumeration.some((allowed) => deepEqual(allowed, value))) {
      this.errors.push(notSupported(path, value, rules.enumeration.map((allowed) => (typeof allowed === 'string' ? allowed : JSON.stringify(allowed)))));
    }
    if (typeof value === 'string') this.string(value, rules, path);
    else if (typeof value === 'number') this.number(value, rules, path);
    else if (Array.isArray(value)) this.array(value, rules, path, old);
    else if (typeof value === 'object') this.object(value as JsonObject, rules, path, old);
    this.combined(value, rules, path);
  }

  /** @returns whether the rest is worth looking at. */
  private type(value: unknown, { type, nullable, intOrString }: ValueRules, path: string): boolean {
    const actual = typeNameOf(value);
    if (value === null && nullable) return true;
    if (intOrString) {
      if (actual === 'integer' || actual === 'string') return true;
      this.wrongType(path, 'integer,string', actual);
      return false;
    }
    if (type === undefined || type === '' || actual === type || (type === 'number' && actual === 'integer')) return true;
    this.wrongType(path, type, actual);
    return false;
  }

  private wrongType(path: string, wanted: string, actual: string): void {
    this.errors.push({ ...invalid(path || '<nil>', actual, `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`), reason: 'FieldValueTypeInvalid' });
  }

  private refuse(path: string, value: unknown, why: string): void {
    this.errors.push(invalid(path || '<nil>', value, `${path} in body ${why}`));
  }

  private string(value: string, rules: ValueRules, path: string): void {
    // Bytes bound the characters: most texts need not be counted.
    const length = rules.maxLength !== undefined || rules.minLength !== undefined ? characters(value) : 0;
    if (rules.maxLength !== undefined && length > rules.maxLength) {
      this.errors.push({ reason: 'FieldValueTooLong', field: path, message: `Too long: may not be more than ${rules.maxLength} bytes` });
    }
    if (rules.minLength !== undefined && length < rules.minLength) this.refuse(path, value, `should be at least ${rules.minLength} chars long`);
    if (rules.pattern && !rules.pattern.test(value)) this.refuse(path, value, `should match '${rules.pattern.source}'`);
    if (rules.format !== undefined && !hasFormat(value, rules.format)) {
      this.errors.push({ ...invalid(path, value, `${path} in body must be of type ${rules.format}: ${JSON.stringify(value)}`), reason: 'FieldValueTypeInvalid' });
    }
  }

  private number(value: number, rules: ValueRules, path: string): void {
    const { minimum, maximum, multipleOf } = rules;
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) this.refuse(path, value, `should be a multiple of ${multipleOf}`);
    if (maximum !== undefined && (rules.exclusiveMaximum ? value >= maximum : value > maximum)) {
      this.refuse(path, value, `should be less than ${rules.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
    }
    if (minimum !== undefined && (rules.exclusiveMinimum ? value <= minimum : value < minimum)) {
      this.refuse(path, value, `should be greater than ${rules.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
    }
    const { format } = rules;
    if (format === 'int32' && (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 31)) this.refuse(path, value, 'must be of type int32: ' + JSON.stringify(String(value)));
  }

  private array(value: readonly unknown[], rules: ValueRules, path: string, old: unknown): void {
    const { items, minItems, maxItems } = rules;
    if (minItems !== undefined && value.length < minItems) this.refuse(path, value.length, `should have at least ${minItems} items`);
    if (maxItems !== undefined && value.length > maxItems) {
      this.errors.push({ reason: 'FieldValueTooMany', field: path, message: `Too many: ${value.length}: must have at most ${maxItems} items` });
    }
    if (rules.uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) this.refuse(path, value, "shouldn't contain duplicates");
    if (!items) return;
    // Only elements of a map have an identity that says which one they were before.
    const keyOf = (item: unknown): string => JSON.stringify(rules.mapKeys.map((key) => (item as JsonObject | null)?.[key]));
    const before = rules.mapKeys.length > 0 && Array.isArray(old) ? new Map(old.map((item: unknown) => [keyOf(item), item])) : undefined;
    value.forEach((item, index) => this.check(item, items, `${path}[${index}]`, before?.get(keyOf(item))));
  }

  private object(value: JsonObject, rules: ValueRules, path: string, old: unknown): void {
    const { minProperties, maxProperties } = rules;
    const names = Object.keys(value);
    if (minProperties !== undefined && names.length < minProperties) this.refuse(path, names.length, `should have at least ${minProperties} properties`);
    if (maxProperties !== undefined && names.length > maxProperties) {
      this.errors.push({ reason: 'FieldValueTooMany', field: path, message: `Too many: ${names.length}: must have at most ${maxProperties} items` });
    }
    const child = (name: string): string => (path === '' ? name : `${path}.${name}`);
    for (const name of rules.required) if (!Object.hasOwn(value, name)) this.errors.push(required(child(name)));
    const before = typeof old === 'object' && old !== null && !Array.isArray(old) ? old as JsonObject : undefined;
    for (const name of names) {
      const rule = rules.properties.get(name) ?? rules.additional;
      if (typeof rule !== 'object') continue;
      this.check(value[name], rule, child(name), before && Object.hasOwn(before, name) ? before[name] : undefined);
    }
  }

  private combined(value: unknown, rules: ValueRules, path: string): void {
    const errorsOf = (nested: ValueRules): FieldError[] => {
      const validator = new Validator();
      validator.check(value, nested, path, undefined);
      return validator.errors;
    };
    const refuse = (why: string): void => {
      this.errors.push(invalid('<nil>', '', `${JSON.stringify(path)} ${why}`));
    };
    if (rules.anyOf.length > 0 && !rules.intOrString) {
      const tried = rules.anyOf.map(errorsOf);
      if (!tried.some((errors) => errors.length === 0)) {
        refuse('must validate at least one schema (anyOf)');
        this.errors.push(...shortest(tried));
      }
    }
    if (rules.oneOf.length > 0) {
      const tried = rules.oneOf.map(errorsOf);
      const valid = tried.filter((errors) => errors.length === 0).length;
      if (valid !== 1) refuse(`must validate one and only one schema (oneOf). Found ${valid === 0 ? 'none' : `${valid}`} valid${valid === 0 ? '' : ' alternatives'}`);
      if (valid === 0) this.errors.push(...shortest(tried));
    }
    if (rules.allOf.length > 0) {
      const failed = rules.allOf.map(errorsOf).filter((errors) => errors.length > 0);
      if (failed.length > 0) {
        refuse(`must validate all the schemas (allOf)${failed.length === rules.allOf.length ? '. None validated' : ''}`);
        this.errors.push(...failed.flat());
      }
    }
    if (rules.not && errorsOf(rules.not).length === 0) refuse('must not validate the schema (not)');
  }

  /** Sets have no element twice, maps no key. Follows apiextensions' schema/listtype. */
  private listTypes(value: unknown, node: SchemaNode, path: string, old: unknown): void {
    if (!node.hasListTypes || typeof value !== 'object' || value === null) return;
    if (old !== undefined && path !== '' && deepEqual(value, old)) return;
    if (Array.isArray(value)) {
      const identity = identityOf(node);
      const seen = new Set<string>();
      value.forEach((item: unknown, index) => {
        if (node.items) this.listTypes(item, node.items, `${path}[${index}]`, undefined);
        const key = identity?.(item);
        if (key === undefined) return;
        if (seen.has(key)) this.errors.push(duplicate(`${path}[${index}]`, JSON.parse(key)));
        seen.add(key);
      });
      return;
    }
    const before = typeof old === 'object' && old !== null ? old as JsonObject : undefined;
    for (const [name, item] of Object.entries(value)) {
      const child = node.properties.get(name) ?? node.additional;
      if (typeof child === 'object') this.listTypes(item, child, path === '' ? name : `${path}.${name}`, before?.[name]);
    }
  }
}

/** The element of a set, the keys of an element of a map, as JSON; undefined for other lists. */
function identityOf({ listType, listMapKeys, items }: SchemaNode): ((item: unknown) => string) | undefined {
  if (listType === 'set') return (item) => JSON.stringify(item);
  if (listType !== 'map') return undefined;
  return (item) => {
    const fields = typeof item === 'object' && item !== null ? item as JsonObject : {};
    return JSON.stringify(Object.fromEntries(listMapKeys.map((key) => [key, fields[key] ?? items?.properties.get(key)?.default])));
  };
}

function shortest(tried: readonly FieldError[][]): FieldError[] {
  return tried.reduce((best, errors) => (errors.length < best.length ? errors : best));
}

/** JSON has one kind of number; a whole one is an integer. */
function typeNameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** Characters as Go counts them: code points. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function isMultiple(value: number, of: number): boolean {
  const times = value / of;
  return Math.abs(times - Math.round(times)) < 1e-9;
}
