/** Whole OpenAPI documents: one of version 2 for everything, one of version 3 for each group-version. */
import type { Resource } from '../../../api/resources.ts';
import { buildDefinitions, referencePrefixes } from './definitions.ts';
import type { DescriptionTable } from './descriptions.ts';
import { operationsOf, type Method, type Operation, type QueryParameter, type SuccessCode } from './operations.ts';
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
  description: string;
  tags: string[];
  operationId: string;
  consumes: string[];
  produces: string[];
  schemes: string[];
  parameters: SwaggerParameter[];
  responses: Record<string, { description: string; schema?: SchemaObject }>;
  'x-kubernetes-action': string;
  'x-kubernetes-group-version-kind': object;
}

export type SwaggerPathItem = Partial<Record<Method, SwaggerOperation>> & { parameters: SwaggerParameter[] };

export interface OpenApiParameter {
  in: 'path' | 'query';
  name: string;
  required?: boolean;
  schema: SchemaObject;
}

export type OpenApiContent = Record<string, { schema: SchemaObject }>;

export interface OpenApiOperation {
  description: string;
  tags: string[];
  operationId: string;
  parameters: OpenApiParameter[];
  requestBody?: { required: boolean; content: OpenApiContent };
  responses: Record<string, { description: string; content?: OpenApiContent }>;
  'x-kubernetes-action': string;
  'x-kubernetes-group-version-kind': object;
}

export type OpenApiPathItem = Partial<Record<Method, OpenApiOperation>> & { parameters: OpenApiParameter[] };

export interface OpenApiDocument {
  openapi: '3.0.0';
  info: { title: string; version: string };
  paths: Record<string, OpenApiPathItem>;
  components: { schemas: Record<string, SchemaObject>; securitySchemes: { BearerToken: typeof bearerToken } };
  security: typeof security;
}

export interface SwaggerDocument {
  swagger: '2.0';
  info: { title: string; version: string };
  paths: Record<string, SwaggerPathItem>;
  definitions: Record<string, SchemaObject>;
  securityDefinitions: { BearerToken: typeof bearerToken };
  security: typeof security;
}

const title = 'Kubernetes';
const { 2: definitionPrefix, 3: componentPrefix } = referencePrefixes;
const patchTypes = [
  'application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml',
];
/** Custom kinds have no strategic merge and no protobuf. */
const customPatchTypes = patchTypes.filter((type) => !type.includes('strategic'));
const customTypes = ['application/json', 'application/yaml'];
const objectTypes = [...customTypes, 'application/vnd.kubernetes.protobuf'];
const streamTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

function patchTypesOf({ custom }: Operation): readonly string[] {
  return custom ? customPatchTypes : patchTypes;
}

function answerTypesOf({ answer, custom, action }: Operation): readonly string[] {
  if (action === 'connect') return ['*/*'];
  if (!answer) return ['text/plain', ...objectTypes];
  const types = custom ? customTypes : objectTypes;
  return action === 'list' ? [...types, ...(custom ? streamTypes.slice(0, 1) : streamTypes)] : types;
}
const unauthorized = { description: 'Unauthorized' };
const meanings: Readonly<Record<SuccessCode, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
const security = [{ BearerToken: [] }];
const bearerToken = { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' } as const;

function responsesOf<T extends object>({ codes }: Operation, answer: T): Record<string, { description: string } & Partial<T>> {
  return { ...Object.fromEntries(codes.map((code) => [code, { description: meanings[code], ...answer }])), 401: { ...unauthorized } as { description: string } & Partial<T> };
}

/** @param version of the server, `v1.36.0+bramble-0.1.0`. */
export function swaggerDocument(resources: readonly Resource[], version: string, descriptions: DescriptionTable): SwaggerDocument {
  const paths: Record<string, SwaggerPathItem> = {};
  for (const operation of resources.flatMap(operationsOf)) {
    const item = (paths[operation.path] ??= { parameters: pathParameters(operation.path).map((name) => ({ in: 'path', name, required: true, type: 'string', uniqueItems: true })) });
    item[operation.method] = swaggerOperation(operation);
  }
  return {
    swagger: '2.0', info: { title, version }, paths: sortKeys(paths), definitions: buildDefinitions({ resources, version: 2, descriptions }),
    securityDefinitions: { BearerToken: bearerToken }, security,
  };
}

function swaggerOperation(operation: Operation): SwaggerOperation {
  const { body, answer, action, kind } = operation;
  const parameters: SwaggerParameter[] = operation.queries.map(({ name, type }) => ({ in: 'query', name, type, uniqueItems: true }));
  if (body) parameters.unshift({ in: 'body', name: 'body', required: action !== 'delete' && action !== 'deletecollection', schema: reference(definitionPrefix, body) });
  return {
    description: operation.description,
    tags: [operation.tag],
    operationId: operation.operationId,
    consumes: action === 'patch' ? [...patchTypesOf(operation)] : ['*/*'],
    produces: [...answerTypesOf(operation)],
    schemes: ['https'],
    parameters,
    responses: responsesOf(operation, { schema: answer ? reference(definitionPrefix, answer) : { type: 'string' } }),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  };
}

/** OpenAPI 3 of one group-version. @param rows all of it. */
export function groupVersionDocument(rows: readonly Resource[], version: string, descriptions: DescriptionTable): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const operation of rows.flatMap(operationsOf)) {
    const item = (paths[operation.path] ??= { parameters: pathParameters(operation.path).map((name) => ({ in: 'path', name, required: true, schema: { type: 'string', uniqueItems: true } })) });
    item[operation.method] = openApiOperation(operation);
  }
  return {
    openapi: '3.0.0', info: { title, version }, paths: sortKeys(paths), security,
    components: { schemas: buildDefinitions({ resources: rows, version: 3, descriptions }), securitySchemes: { BearerToken: bearerToken } },
  };
}

function openApiOperation(operation: Operation): OpenApiOperation {
  const { operationId, queries, body, answer, action, kind } = operation;
  const content = (types: readonly string[], message: string | undefined): OpenApiContent => Object.fromEntries(types.map((type) => [type, { schema: message ? reference(componentPrefix, message) : { type: 'string' } }]));
  return {
    description: operation.description,
    tags: [operation.tag],
    operationId,
    parameters: queries.map(({ name, type }: QueryParameter) => ({ in: 'query', name, schema: { type, uniqueItems: true } })),
    ...(body ? { requestBody: { required: action !== 'delete' && action !== 'deletecollection', content: content(action === 'patch' ? patchTypesOf(operation) : ['*/*'], body) } } : {}),
    responses: responsesOf(operation, { content: content(answerTypesOf(operation), answer) }),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  };
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
