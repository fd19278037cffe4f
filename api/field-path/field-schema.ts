/**
 * How the parts of an object merge: what server-side apply and managedFields must know of a kind. Built-in kinds get it
 * from the schema table (table-field-schema.ts), custom ones from their OpenAPI schema; what is not known is deduced from
 * the values. Counterpart of sigs.k8s.io/structured-merge-diff/schema.
 */

/** A value without parts of its own. */
export interface ScalarSchema {
  readonly kind: 'scalar';
  /** `untyped` takes any scalar (IntOrString, times, quantities). */
  readonly type: 'string' | 'boolean' | 'numeric' | 'untyped';
}

/** A struct, a map, or both. */
export interface MapSchema {
  readonly kind: 'map';
  /** Has one owner as a whole. */
  readonly atomic: boolean;
  /** A declared field. */
  field(name: string): MapField | undefined;
  /** Of every other key; undefined when there may be none. */
  readonly element: FieldSchema | undefined;
}

export interface MapField {
  readonly schema: FieldSchema;
  /** Stands for a list key that an item leaves out. */
  readonly default?: unknown;
  /**
   * There even when nobody set it (a Go struct or a field without `omitempty`), with its zero value: having it is no change
   * that somebody could own.
   */
  readonly present?: boolean;
}

export interface ListSchema {
  readonly kind: 'list';
  /** Has one owner as a whole. */
  readonly atomic: boolean;
  /** Fields that identify an item; undefined: a set of scalars. Without meaning when atomic. */
  readonly keys?: readonly string[];
  readonly item: FieldSchema;
}

/** Anything: maps are granular, lists atomic. */
export interface DeducedSchema {
  readonly kind: 'deduced';
}

export type FieldSchema = ScalarSchema | MapSchema | ListSchema | DeducedSchema;

export type JsonObject = Readonly<Record<string, unknown>>;

export const deducedSchema: DeducedSchema = { kind: 'deduced' };
const untyped: ScalarSchema = { kind: 'scalar', type: 'untyped' };
const deducedList: ListSchema = { kind: 'list', atomic: true, item: deducedSchema };
const deducedMap: MapSchema = { kind: 'map', atomic: false, field: () => undefined, element: deducedSchema };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a schema says of this value, deduced where it says nothing. */
export function resolveSchema(schema: FieldSchema, value: unknown): ScalarSchema | MapSchema | ListSchema {
  if (schema.kind !== 'deduced') return schema;
  if (Array.isArray(value)) return deducedList;
  return isObject(value) ? deducedMap : untyped;
}

/** The schema of a key of a map; undefined when the map must not have it. */
export function schemaOfKey(map: MapSchema, key: string): FieldSchema | undefined {
  return map.field(key)?.schema ?? map.element;
}

/** The values do not fit the schema. The message begins with the path, as Kubernetes shows it. */
export class FieldSchemaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FieldSchemaError';
  }
}
