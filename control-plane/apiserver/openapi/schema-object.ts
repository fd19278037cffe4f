/** The part of OpenAPI that the API server speaks. */

/** A schema of OpenAPI 2 or 3; they differ in where references point. */
export interface SchemaObject {
  $ref?: string;
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  format?: string;
  description?: string;
  required?: string[];
  properties?: Record<string, SchemaObject>;
  items?: SchemaObject;
  oneOf?: SchemaObject[];
  additionalProperties?: SchemaObject;
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
