/**
 * One step of a path as FieldsV1 writes it: `f:<field>`, `k:<keys of a list item as JSON>`, `v:<item of a set as JSON>`,
 * `i:<index>`. Counterpart of sigs.k8s.io/structured-merge-diff/fieldpath.PathElement.
 */
import { FieldSchemaError, isObject, type JsonObject, type ListSchema } from './field-schema.ts';

export function fieldElement(name: string): string {
  return `f:${name}`;
}

/**
 * The element of a list item.
 * @throws FieldSchemaError when the item lacks what identifies it.
 */
export function itemElement(list: ListSchema, item: unknown): string {
  return list.keys ? keyedElement(list, list.keys, item) : valueElement(item);
}

function keyedElement(list: ListSchema, keys: readonly string[], item: unknown): string {
  if (item === null || item === undefined) throw new FieldSchemaError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new FieldSchemaError('associative list with keys may not have non-map elements');
  if (keys.length === 1) {
    const value = keyValue(list, item, keys[0]!);
    if (value === undefined) throw newKeyless(keys);
    return `k:{${JSON.stringify(keys[0])}:${JSON.stringify(value)}}`;
  }
  const identity: Record<string, unknown> = {};
  for (const key of [...keys].sort()) {
    const value = keyValue(list, item, key);
    // Without one of its keys an item is another than with it.
    if (value !== undefined) identity[key] = value;
  }
  if (Object.keys(identity).length === 0) throw newKeyless(keys);
  return `k:${JSON.stringify(identity)}`;
}

function keyValue(list: ListSchema, item: JsonObject, key: string): unknown {
  if (Object.hasOwn(item, key) && item[key] !== undefined) return item[key];
  return list.item.kind === 'map' ? list.item.field(key)?.default : undefined;
}

function newKeyless(keys: readonly string[]): FieldSchemaError {
  const names = keys.map((key) => JSON.stringify(key)).join(' ');
  return new FieldSchemaError(`associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`);
}

function valueElement(item: unknown): string {
  if (isObject(item)) throw new FieldSchemaError("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new FieldSchemaError('not supported: associative list with lists as elements');
  if (item === null || item === undefined) throw new FieldSchemaError("associative list without keys has an element that's an explicit null");
  return `v:${JSON.stringify(item)}`;
}

/**
 * As messages show it: `.spec`, `[name="web"]`, `[="x"]`, `[0]`.
 * @throws FieldSchemaError for what is no element.
 */
export function formatElement(element: string): string {
  const rest = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:': return `.${rest}`;
    case 'k:': return `[${Object.entries(parse(rest) as object).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    case 'v:': return `[=${rest}]`;
    case 'i:': return `[${rest}]`;
    default: throw new FieldSchemaError(`unknown key type: ${JSON.stringify(element)}`);
  }
}

/**
 * The same element as this server writes it.
 * @throws FieldSchemaError for what is no element.
 */
export function canonicalElement(element: string): string {
  const rest = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:': return element;
    case 'i:':
      if (!/^-?\d+$/.test(rest)) throw new FieldSchemaError(`parsing index ${JSON.stringify(rest)}: invalid syntax`);
      return element;
    case 'v:': return `v:${JSON.stringify(parse(rest))}`;
    case 'k:': {
      const keys = parse(rest);
      if (!isObject(keys)) throw new FieldSchemaError(`not a list key: ${rest}`);
      return `k:${JSON.stringify(Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))))}`;
    }
    default: throw new FieldSchemaError(`unknown key type: ${JSON.stringify(element)}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FieldSchemaError(error instanceof Error ? error.message : 'invalid JSON');
  }
}
