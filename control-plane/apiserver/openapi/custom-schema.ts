/** The schema of a CustomResourceDefinition as a definition of OpenAPI 2 or 3. */
import type { JSONSchemaProps } from 'kubernetes-types/apiextensions/v1';
import type { SchemaObject } from './schema-object.ts';

/** What both versions have in common. */
const copied = [
  'description', 'format', 'title', 'required', 'enum', 'default', 'pattern', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'multipleOf',
  'maxLength', 'minLength', 'maxItems', 'minItems', 'uniqueItems', 'maxProperties', 'minProperties', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys', 'x-kubernetes-list-type', 'x-kubernetes-map-type', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations',
] as const;
/** What OpenAPI 2 leaves to the server. */
const onlyThree: ReadonlySet<string> = new Set(['default', 'x-kubernetes-validations', 'x-kubernetes-embedded-resource']);

/**
 * OpenAPI 2 cannot say all that a schema can: what would make a client refuse a valid object is left out, as in
 * k8s.io/apiextensions-apiserver/pkg/controller/openapi/v2.
 */
export function customSchemaObject(schema: JSONSchemaProps, version: 2 | 3): SchemaObject {
  const source = schema as unknown as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const name of copied) {
    if (source[name] !== undefined && (version === 3 || !onlyThree.has(name))) result[name] = source[name];
  }
  const loose = version === 2 && (schema.nullable === true || source['x-kubernetes-preserve-unknown-fields'] === true || source['x-kubernetes-int-or-string'] === true);
  if (schema.type !== undefined && !(version === 2 && (schema.nullable || source['x-kubernetes-int-or-string']))) result['type'] = schema.type;
  if (loose) {
    delete result['required'];
    return result;
  }
  const convert = (child: unknown): SchemaObject => customSchemaObject(child as JSONSchemaProps, version);
  if (schema.properties) result['properties'] = Object.fromEntries(Object.entries(schema.properties).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, child]) => [name, convert(child)]));
  if (schema.items !== undefined) result['items'] = convert(schema.items);
  if (typeof schema.additionalProperties === 'object') result['additionalProperties'] = convert(schema.additionalProperties);
  if (version === 3) {
    if (schema.nullable) result['nullable'] = true;
    for (const name of ['allOf', 'anyOf', 'oneOf'] as const) if (schema[name]) result[name] = schema[name].map(convert);
    if (schema.not) result['not'] = convert(schema.not);
  }
  return result;
}
