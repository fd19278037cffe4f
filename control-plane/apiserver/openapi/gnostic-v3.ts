/**
 * OpenAPI 3 as protobuf, message openapi.v3.Document. Source: OpenAPIv3.proto of github.com/google/gnostic; the numbers below
 * are its field numbers.
 */
import type { OpenApiContent, OpenApiDocument, OpenApiOperation, OpenApiParameter, OpenApiPathItem } from './documents.ts';
import { anyValue, double, extensions, field, flag, integer, message, named, text } from './gnostic-parts.ts';
import type { SchemaObject } from './schema-object.ts';

export function encodeGnosticV3(document: OpenApiDocument): Buffer {
  return message([
    text(1, document.openapi),
    field(2, message([text(1, document.info.title), text(6, document.info.version)])),
    field(4, message(named(1, document.paths, pathItem))),
    field(5, message([field(1, message(named(1, document.components.schemas, schemaOrReference)))])),
  ]);
}

const methodNumbers = { get: 4, put: 5, post: 6, delete: 7, patch: 10 } as const;

function pathItem(item: OpenApiPathItem): Buffer {
  const operations = Object.entries(methodNumbers).map(([method, number]) => {
    const found = item[method as keyof typeof methodNumbers];
    return found && field(number, operation(found));
  });
  return message([...operations, ...item.parameters.map((entry) => field(13, parameter(entry)))]);
}

function operation(value: OpenApiOperation): Buffer {
  const { requestBody } = value;
  return message([
    ...value.tags.map((tag) => text(1, tag)),
    text(3, value.description),
    text(5, value.operationId),
    ...value.parameters.map((entry) => field(6, parameter(entry))),
    requestBody && field(7, message([field(1, message([field(2, content(requestBody.content)), flag(3, requestBody.required)]))])),
    field(8, message(named(2, value.responses, response))),
    ...extensions(13, value),
  ]);
}

/** ParameterOrReference. */
function parameter(value: OpenApiParameter): Buffer {
  return message([field(1, message([text(1, value.name), text(2, value.in), flag(4, value.required), field(10, schemaOrReference(value.schema))]))]);
}

/** ResponseOrReference. */
function response(value: { description: string; content?: OpenApiContent }): Buffer {
  return message([field(1, message([text(1, value.description), value.content && field(3, content(value.content))]))]);
}

function content(types: OpenApiContent): Buffer {
  return message(named(1, types, ({ schema: value }) => message([field(1, schemaOrReference(value))])));
}

function schemaOrReference(value: SchemaObject): Buffer {
  return value.$ref ? message([field(2, message([text(1, value.$ref)]))]) : message([field(1, schema(value))]);
}

function schema(value: SchemaObject): Buffer {
  const several = (number: number, schemas: readonly SchemaObject[] | undefined) => (schemas ?? []).map((one) => field(number, schemaOrReference(one)));
  return message([
    flag(1, value.nullable),
    text(9, value.title),
    double(10, value.multipleOf),
    double(11, value.maximum),
    flag(12, value.exclusiveMaximum),
    double(13, value.minimum),
    flag(14, value.exclusiveMinimum),
    integer(15, value.maxLength),
    integer(16, value.minLength),
    text(17, value.pattern),
    integer(18, value.maxItems),
    integer(19, value.minItems),
    flag(20, value.uniqueItems),
    integer(21, value.maxProperties),
    integer(22, value.minProperties),
    ...(value.required ?? []).map((name) => text(23, name)),
    ...(value.enum ?? []).map((entry) => field(24, anyValue(entry))),
    text(25, value.type),
    ...several(26, value.allOf),
    ...several(27, value.oneOf),
    ...several(28, value.anyOf),
    value.not && field(29, schema(value.not)),
    value.items && field(30, message([field(1, schemaOrReference(value.items))])),
    value.properties && field(31, message(named(1, value.properties, schemaOrReference))),
    value.additionalProperties && field(32, message([field(1, schemaOrReference(value.additionalProperties))])),
    value.default !== undefined && field(33, defaultType(value.default)),
    text(34, value.description),
    text(35, value.format),
    ...extensions(36, value),
  ]);
}

/** Only numbers, booleans and texts; other defaults have no place in the message. */
function defaultType(value: unknown): Buffer {
  switch (typeof value) {
    case 'number': return message([double(1, value)]);
    case 'boolean': return Buffer.from([0x10, value ? 1 : 0]);
    case 'string': return field(3, Buffer.from(value));
    default: return Buffer.alloc(0);
  }
}
