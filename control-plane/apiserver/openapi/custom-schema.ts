/** The schema of a CustomResourceDefinition as a definition of OpenAPI 2 or 3. */
import type { JSONSchemaProps } from 'kubernetes-types/apiextensions/v1';
import type { SchemaObject } from './schema-object.ts';

/** What both versions have in common. */
const copied = [
  'description', 'format', 'title', 'required', 'enum', 'default', 'pattern', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'multipleOf',
  'maxLength', 'minLength', 'maxItems', 'minItems', 'uniqueItems', 'maxProperties', 'minProperties', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys', 'x-kubernetes-list-type', 'x-kubernetes-map-type', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations',
] as const;

/** `apiVersion`, `kind` and `metadata` as every object has them. */
export type ObjectProperties = Readonly<Record<'apiVersion' | 'kind' | 'metadata', SchemaObject>>;

export function preservesUnknownFields(schema: JSONSchemaProps): boolean {
  return extension(schema, 'x-kubernetes-preserve-unknown-fields');
}

/** @param objectProperties are added where a field is an object of any kind (`x-kubernetes-embedded-resource`). */
export function customSchemaObject(schema: JSONSchemaProps, version: 2 | 3, objectProperties: ObjectProperties): SchemaObject {
  const result = version === 2 ? looseObject(schema, (child) => customSchemaObject(child, 2, objectProperties)) : strictObject(schema, (child) => customSchemaObject(child, 3, objectProperties));
  const open = version === 2 && preservesUnknownFields(schema);
  if (!extension(schema, 'x-kubernetes-embedded-resource') || open) return result;
  return { ...result, properties: { ...result.properties, ...objectProperties }, required: [...new Set([...(result.required ?? []), 'kind', 'apiVersion'])] };
}

type Convert = (child: JSONSchemaProps) => SchemaObject;

function strictObject(schema: JSONSchemaProps, convert: Convert): SchemaObject {
  const result: SchemaObject = { ...common(schema), ...children(schema, convert) };
  const others: Record<string, unknown> = result as Record<string, unknown>;
  if (schema.type !== undefined) others['type'] = schema.type;
  if (schema.nullable) others['nullable'] = true;
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) if (schema[name]) others[name] = schema[name].map(convert);
  if (schema.not) others['not'] = convert(schema.not);
  return result;
}

/**
 * OpenAPI 2 cannot say all that a schema can: what would make kubectl refuse a valid object is left out, as in
 * k8s.io/apiextensions-apiserver/pkg/controller/openapi/v2.
 */
function looseObject(schema: JSONSchemaProps, convert: Convert): SchemaObject {
  const { properties, items, ...others } = children(schema, convert);
  const preserving = preservesUnknownFields(schema);
  const untyped = preserving || schema.nullable === true;
  const result: SchemaObject = { ...common(schema), ...others, ...(untyped || !properties ? {} : { properties }), ...(untyped || !items ? {} : { items }) };
  const lost = schema.nullable === true || (preserving && schema.type === 'object') || (schema.type === 'array' && result.items === undefined);
  if (schema.type !== undefined && !lost) result.type = schema.type as NonNullable<SchemaObject['type']>;
  const required = requiredOf(schema, result);
  if (required.length > 0) result.required = required;
  else delete result.required;
  return result;
}

/** Null counts as missing with kubectl. */
function requiredOf(schema: JSONSchemaProps, { properties }: SchemaObject): string[] {
  const values = schema.additionalProperties;
  if (typeof values === 'object' && (values).nullable) return [];
  return (schema.required ?? []).filter((name) => !(properties?.[name] && (schema.properties)?.[name]?.nullable));
}

function common(schema: JSONSchemaProps): SchemaObject {
  const source = schema as unknown as Record<string, unknown>;
  return Object.fromEntries(copied.flatMap((name) => (source[name] === undefined ? [] : [[name, source[name]]])));
}

function children(schema: JSONSchemaProps, convert: Convert): SchemaObject {
  const result: SchemaObject = {};
  if (schema.properties) {
    const sorted = Object.entries(schema.properties as Record<string, JSONSchemaProps>).sort(([a], [b]) => (a < b ? -1 : 1));
    result.properties = Object.fromEntries(sorted.map(([name, child]) => [name, convert(child)]));
  }
  if (schema.items !== undefined) result.items = convert(schema.items as JSONSchemaProps);
  if (typeof schema.additionalProperties === 'object') result.additionalProperties = convert(schema.additionalProperties);
  return result;
}

function extension(schema: JSONSchemaProps, name: string): boolean {
  return (schema as unknown as Record<string, unknown>)[name] === true;
}
