/** The field schema of a custom kind, from the structural schema of its CustomResourceDefinition. */
import type { JSONSchemaProps } from 'kubernetes-types/apiextensions/v1';
import { deducedSchema, type FieldSchema, type ListSchema, type MapField, type MapSchema, type ScalarSchema } from './field-schema.ts';
import { tableFieldSchema } from './table-field-schema.ts';

/** The extensions under the names that they have in JSON. */
interface OpenApiSchema {
  readonly type?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly additionalProperties?: OpenApiSchema | boolean;
  /** Structural schemas have one schema for all items. */
  readonly items?: OpenApiSchema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

const string: ScalarSchema = { kind: 'scalar', type: 'string' };
const untyped: ScalarSchema = { kind: 'scalar', type: 'untyped' };
const scalars: Readonly<Record<string, ScalarSchema>> = {
  string, boolean: { kind: 'scalar', type: 'boolean' }, integer: { kind: 'scalar', type: 'numeric' }, number: { kind: 'scalar', type: 'numeric' },
};

const known = new WeakMap<JSONSchemaProps, FieldSchema>();

/** @param schema of the whole object; made once for each, so it must not change. */
export function openApiFieldSchema(schema: JSONSchemaProps): FieldSchema {
  let made = known.get(schema);
  if (!made) {
    made = new ObjectSchema(schema as OpenApiSchema, true);
    known.set(schema, made);
  }
  return made;
}

function convert(schema: OpenApiSchema): FieldSchema {
  if (schema['x-kubernetes-int-or-string']) return untyped;
  if (schema.type === 'array') return listSchema(schema);
  if (schema.type === 'object' || schema.properties) {
    const open = !schema.properties && !schema.additionalProperties && schema['x-kubernetes-map-type'] !== 'atomic';
    return open && !schema['x-kubernetes-embedded-resource'] ? deducedSchema : new ObjectSchema(schema, schema['x-kubernetes-embedded-resource'] === true);
  }
  return scalars[schema.type ?? ''] ?? deducedSchema;
}

function listSchema(schema: OpenApiSchema): ListSchema {
  const { items } = schema;
  const type = schema['x-kubernetes-list-type'] ?? 'atomic';
  const keys = type === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined;
  return { kind: 'list', atomic: type === 'atomic' || (type === 'map' && !keys), item: items ? convert(items) : deducedSchema, ...(keys ? { keys } : {}) };
}

class ObjectSchema implements MapSchema {
  readonly kind = 'map';
  readonly atomic: boolean;
  readonly element: FieldSchema | undefined;
  private readonly schema: OpenApiSchema;
  private readonly resource: boolean;
  private readonly fields = new Map<string, MapField>();

  /** @param resource has apiVersion, kind and metadata, whatever the schema says. */
  constructor(schema: OpenApiSchema, resource: boolean) {
    this.schema = schema;
    this.resource = resource;
    this.atomic = schema['x-kubernetes-map-type'] === 'atomic';
    const { additionalProperties } = schema;
    if (typeof additionalProperties === 'object') this.element = convert(additionalProperties);
    else this.element = additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields'] ? deducedSchema : undefined;
  }

  field(name: string): MapField | undefined {
    const made = this.fields.get(name) ?? this.compile(name);
    if (made) this.fields.set(name, made);
    return made;
  }

  private compile(name: string): MapField | undefined {
    if (this.resource) {
      if (name === 'metadata') return { schema: tableFieldSchema('k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta'), present: true };
      if (name === 'apiVersion' || name === 'kind') return { schema: string };
    }
    const { properties } = this.schema;
    const property = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!property) return undefined;
    return { schema: convert(property), ...(property.default === undefined ? {} : { default: property.default }) };
  }
}
