/** Whole OpenAPI documents: one of version 2 for everything, one of version 3 for each group-version. */
import type { Resource } from '../../../api/resources.ts';
import { buildDefinitions } from './definitions.ts';
import { operationsOf, type Method, type Operation, type QueryParameter } from './operations.ts';
import { definitionName, type SchemaObject } from './schema-object.ts';

export interface SwaggerParameter {
  in: 'path' | 'query' | 'body';
  name: string;
  required?: boolean;
  type?: string;
  uniqueItems?: boolean;
  schema?: SchemaObject;
}

export interface SwaggerOperation {
  operationId: string;
  consumes: string[];
  produces: string[];
  parameters: SwaggerParameter[];
  responses: Record<string, { description: string; schema?: SchemaObject }>;
  'x-kubernetes-action': string;
  'x-kubernetes-group-version-kind': object;
}

export type SwaggerPathItem = Partial<Record<Method, SwaggerOperation>> & { parameters: SwaggerParameter[] };

export interface SwaggerDocument {
  swagger: '2.0';
  info: { title: string; version: string };
  paths: Record<string, SwaggerPathItem>;
  definitions: Record<string, SchemaObject>;
}

const title = 'Kubernetes';
const definitionPrefix = '#/definitions/';
const componentPrefix = '#/components/schemas/';
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'];
const objectTypes = ['application/json', 'application/yaml'];
const unauthorized = { description: 'Unauthorized' };

/** @param version of the server, `v1.36.0+bramble-0.1.0`. */
export function swaggerDocument(resources: readonly Resource[], version: string): SwaggerDocument {
  const paths: Record<string, SwaggerPathItem> = {};
  for (const operation of resources.flatMap(operationsOf)) {
    const item = (paths[operation.path] ??= { parameters: pathParameters(operation.path).map((name) => ({ in: 'path', name, required: true, type: 'string', uniqueItems: true })) });
    item[operation.method] = swaggerOperation(operation);
  }
  return { swagger: '2.0', info: { title, version }, paths: sortKeys(paths), definitions: buildDefinitions({ resources, referencePrefix: definitionPrefix }) };
}

function swaggerOperation(operation: Operation): SwaggerOperation {
  const { body, answer, action, kind } = operation;
  const parameters: SwaggerParameter[] = operation.queries.map(({ name, type }) => ({ in: 'query', name, type, uniqueItems: true }));
  if (body) parameters.unshift({ in: 'body', name: 'body', required: action !== 'delete' && action !== 'deletecollection', schema: reference(definitionPrefix, body) });
  return {
    operationId: operation.operationId,
    consumes: action === 'patch' ? patchTypes : ['*/*'],
    produces: answer ? objectTypes : ['text/plain'],
    parameters,
    responses: { 200: { description: 'OK', schema: answer ? reference(definitionPrefix, answer) : { type: 'string' } }, 401: unauthorized },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  };
}

/** OpenAPI 3 of one group-version. @param rows all of it. */
export function groupVersionDocument(rows: readonly Resource[], version: string): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of rows.flatMap(operationsOf)) {
    const item = (paths[operation.path] ??= { parameters: pathParameters(operation.path).map((name) => ({ in: 'path', name, required: true, schema: { type: 'string', uniqueItems: true } })) });
    item[operation.method] = openApiOperation(operation);
  }
  return { openapi: '3.0.0', info: { title, version }, paths: sortKeys(paths), components: { schemas: buildDefinitions({ resources: rows, referencePrefix: componentPrefix }) } };
}

function openApiOperation({ operationId, queries, body, answer, action, kind }: Operation): object {
  const content = (types: readonly string[], message: string | undefined) => Object.fromEntries(types.map((type) => [type, { schema: message ? reference(componentPrefix, message) : { type: 'string' } }]));
  return {
    operationId,
    parameters: queries.map(({ name, type }: QueryParameter) => ({ in: 'query', name, schema: { type, uniqueItems: true } })),
    ...(body ? { requestBody: { required: action !== 'delete' && action !== 'deletecollection', content: content(action === 'patch' ? patchTypes : ['*/*'], body) } } : {}),
    responses: { 200: { description: 'OK', content: content(answer ? objectTypes : ['text/plain'], answer) }, 401: unauthorized },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  };
}

/** The rows of every group-version under its path, `apis/apps/v1`, as the index of version 3 names it. */
export function groupVersionRows(resources: readonly Resource[]): ReadonlyMap<string, readonly Resource[]> {
  const found = new Map<string, Resource[]>();
  for (const row of resources) {
    const path = row.group ? `apis/${row.group}/${row.version}` : `api/${row.version}`;
    const rows = found.get(path);
    if (rows) rows.push(row);
    else found.set(path, [row]);
  }
  return found;
}

function reference(prefix: string, message: string): SchemaObject {
  return { $ref: `${prefix}${definitionName(message)}` };
}

function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();
}

function sortKeys<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
