/**
 * A structural schema, made ready once per version of a CustomResourceDefinition: pruning, defaulting and validation walk it
 * together with an object. Counterpart of k8s.io/apiextensions-apiserver/pkg/apiserver/schema.
 */
import type { ValidationRule } from 'kubernetes-types/apiextensions/v1';
import { RegularExpression } from '../regular-expression/regular-expression.ts';

export interface SchemaNode {
  /** As the definition has it. */
  readonly source: Schema;
  readonly type: string | undefined;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  readonly preserveUnknown: boolean;
  readonly embedded: boolean;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** Schema of the values of a map; true: anything. */
  readonly additional: SchemaNode | boolean;
  readonly items: SchemaNode | undefined;
  /** undefined where there is none: null is a default. */
  readonly default: unknown;
  /** This node or one below has a default. */
  readonly hasDefaults: boolean;
  /** This node or one below has rules. */
  readonly hasRules: boolean;
  /** This node or one below is a set or a map in the form of a list. */
  readonly hasListTypes: boolean;
  readonly hasEmbedded: boolean;
  readonly listType: string | undefined;
  readonly listMapKeys: readonly string[];
  readonly rules: readonly ValidationRule[];
  readonly value: ValueRules;
}

/** What a value must be beside its type. Also what stands under allOf, anyOf, oneOf and not. */
export interface ValueRules {
  readonly type: string | undefined;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  readonly format: string | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly pattern: RegularExpression | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly uniqueItems: boolean;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
  readonly required: readonly string[];
  readonly enumeration: readonly unknown[] | undefined;
  readonly properties: ReadonlyMap<string, ValueRules>;
  readonly additional: ValueRules | boolean | undefined;
  readonly items: ValueRules | undefined;
  /** Of a list whose elements have an identity (`x-kubernetes-list-type: map`); empty for others. */
  readonly mapKeys: readonly string[];
  readonly allOf: readonly ValueRules[];
  readonly anyOf: readonly ValueRules[];
  readonly oneOf: readonly ValueRules[];
  readonly not: ValueRules | undefined;
}

/** JSONSchemaProps as they are in JSON. */
export interface Schema {
  type?: string;
  format?: string;
  title?: string;
  description?: string;
  nullable?: boolean;
  default?: unknown;
  example?: unknown;
  externalDocs?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  required?: string[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  $ref?: string;
  $schema?: string;
  id?: string;
  additionalItems?: unknown;
  patternProperties?: Record<string, unknown>;
  definitions?: Record<string, unknown>;
  dependencies?: Record<string, unknown>;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-validations'?: ValidationRule[];
}

/** @throws PatternError: validation of the definition has refused what cannot be compiled. */
export function compileSchema(schema: Schema): SchemaNode {
  const properties = new Map(Object.entries(schema.properties ?? {}).map(([name, child]) => [name, compileSchema(child)]));
  const additional = typeof schema.additionalProperties === 'object' ? compileSchema(schema.additionalProperties) : schema.additionalProperties ?? false;
  const items = schema.items && compileSchema(schema.items);
  const children = [...properties.values(), ...(typeof additional === 'object' ? [additional] : []), ...(items ? [items] : [])];
  const listType = schema['x-kubernetes-list-type'];
  const rules = schema['x-kubernetes-validations'] ?? [];
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  return {
    source: schema,
    type: schema.type,
    nullable: schema.nullable === true,
    intOrString: schema['x-kubernetes-int-or-string'] === true,
    preserveUnknown: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embedded,
    properties, additional, items,
    default: schema.default,
    hasDefaults: schema.default !== undefined || children.some((child) => child.hasDefaults),
    hasRules: rules.length > 0 || children.some((child) => child.hasRules),
    hasListTypes: listType === 'set' || listType === 'map' || children.some((child) => child.hasListTypes),
    hasEmbedded: embedded || children.some((child) => child.hasEmbedded),
    listType,
    listMapKeys: schema['x-kubernetes-list-map-keys'] ?? [],
    rules,
    value: compileRules(schema, { properties, additional, items }),
  };
}

/** @param compiled the children of a structural node, which are rules too. */
function compileRules(schema: Schema, compiled?: Pick<SchemaNode, 'properties' | 'additional' | 'items'>): ValueRules {
  const nested = (schemas: Schema[] | undefined): ValueRules[] => (schemas ?? []).map((child) => compileRules(child));
  return {
    type: schema.type,
    nullable: schema.nullable === true,
    intOrString: schema['x-kubernetes-int-or-string'] === true,
    format: schema.format,
    minimum: schema.minimum,
    maximum: schema.maximum,
    exclusiveMinimum: schema.exclusiveMinimum === true,
    exclusiveMaximum: schema.exclusiveMaximum === true,
    multipleOf: schema.multipleOf,
    minLength: schema.minLength,
    maxLength: schema.maxLength,
    pattern: schema.pattern ? new RegularExpression(schema.pattern) : undefined,
    minItems: schema.minItems,
    maxItems: schema.maxItems,
    uniqueItems: schema.uniqueItems === true,
    minProperties: schema.minProperties,
    maxProperties: schema.maxProperties,
    required: schema.required ?? [],
    enumeration: schema.enum,
    properties: compiled
      ? new Map([...compiled.properties].map(([name, child]) => [name, child.value]))
      : new Map(Object.entries(schema.properties ?? {}).map(([name, child]) => [name, compileRules(child)])),
    additional: compiled
      ? typeof compiled.additional === 'object' ? compiled.additional.value : undefined
      : typeof schema.additionalProperties === 'object' ? compileRules(schema.additionalProperties) : undefined,
    items: compiled ? compiled.items?.value : schema.items && compileRules(schema.items),
    mapKeys: schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] ?? [] : [],
    allOf: nested(schema.allOf),
    anyOf: nested(schema.anyOf),
    oneOf: nested(schema.oneOf),
    not: schema.not && compileRules(schema.not),
  };
}
