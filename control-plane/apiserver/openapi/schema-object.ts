/** The part of OpenAPI that the API server speaks. */
import type { Resource } from '../../../api/resources.ts';

/** A schema of OpenAPI 2 or 3; they differ in where references point. */
export interface SchemaObject {
  $ref?: string;
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  format?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  nullable?: boolean;
  pattern?: string;
  required?: string[];
  properties?: Record<string, SchemaObject>;
  items?: SchemaObject;
  allOf?: SchemaObject[];
  anyOf?: SchemaObject[];
  oneOf?: SchemaObject[];
  not?: SchemaObject;
  additionalProperties?: SchemaObject;
  maximum?: number;
  minimum?: number;
  multipleOf?: number;
  exclusiveMaximum?: boolean;
  exclusiveMinimum?: boolean;
  maxLength?: number;
  minLength?: number;
  maxItems?: number;
  minItems?: number;
  maxProperties?: number;
  minProperties?: number;
  uniqueItems?: boolean;
  [extension: `x-kubernetes-${string}`]: unknown;
}

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** `io.k8s.api.core.v1.Pod`: the name that clients know a message of the schema table by. */
export function definitionName(message: string): string {
  return message.replace(/^k8s\.io\./, 'io.k8s.').replaceAll('_', '-');
}

/** The message of a kind; of a custom one a name made of its group, `com.example.stable.v1.CronTab`. */
export function messageNameOf({ custom, schema, group, version, kind }: Resource): string {
  return custom ? `${group.split('.').reverse().join('.')}.${version}.${kind}` : schema;
}
