/** An object without a set of its fields. Counterpart of sigs.k8s.io/structured-merge-diff/typed.TypedValue.RemoveItems. */
import { deducedSchema, isObject, resolveSchema, schemaOfKey, type FieldSchema } from './field-schema.ts';
import { below, hasElement, type FieldSet } from './field-set.ts';
import { fieldElement, itemElement } from './path-element.ts';

/** @param value not changed; the result shares what stays whole. */
export function removeFields(schema: FieldSchema, value: object, fields: FieldSet): Record<string, unknown> {
  return (removeFrom(schema, value, fields) ?? {}) as Record<string, unknown>;
}

/** @returns undefined when nothing is left. */
function removeFrom(schema: FieldSchema, value: unknown, fields: FieldSet): unknown {
  const resolved = resolveSchema(schema, value);
  if (resolved.kind === 'scalar') return value;
  if (resolved.kind === 'list') {
    if (!Array.isArray(value) || value.length === 0 || resolved.atomic) return undefined;
    const items: unknown[] = [];
    for (const item of value as unknown[]) {
      const element = itemElement(resolved, item);
      if (hasElement(fields, element)) continue;
      const inside = below(fields, element);
      items.push(inside ? removeFrom(resolved.item, item, inside) ?? {} : item);
    }
    return items.length > 0 ? items : undefined;
  }
  if (!isObject(value) || resolved.atomic) return undefined;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const element = fieldElement(key);
    if (hasElement(fields, element)) continue;
    const inside = below(fields, element);
    const rest = inside ? removeFrom(schemaOfKey(resolved, key) ?? deducedSchema, value[key], inside) : value[key];
    if (rest === undefined) continue;
    if (key === '__proto__') Object.defineProperty(result, key, { value: rest, enumerable: true, writable: true, configurable: true });
    else result[key] = rest;
  }
  for (const _ in result) return result;
  return undefined;
}
