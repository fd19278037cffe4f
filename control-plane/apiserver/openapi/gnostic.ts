/**
 * OpenAPI 2 as protobuf, message openapi.v2.Document: the only form that kubectl up to 1.26 asks for. Source: OpenAPIv2.proto
 * of github.com/google/gnostic; the numbers below are its field numbers.
 */
import type { SwaggerDocument, SwaggerOperation, SwaggerParameter, SwaggerPathItem } from './documents.ts';
import { anyValue, double, extensions, field, flag, integer, message, named, text } from './gnostic-parts.ts';
import type { SchemaObject } from './schema-object.ts';

export function encodeGnostic(document: SwaggerDocument): Buffer {
  return message([
    text(1, document.swagger),
    field(2, message([text(1, document.info.title), text(2, document.info.version)])),
    field(8, message(named(2, document.paths, pathItem))),
    field(9, message(named(1, document.definitions, schema))),
  ]);
}

const methodNumbers = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function pathItem(item: SwaggerPathItem): Buffer {
  const operations = Object.entries(methodNumbers).map(([method, number]) => {
    const found = item[method as keyof typeof methodNumbers];
    return found && field(number, operation(found));
  });
  return message([...operations, ...item.parameters.map((entry) => field(9, parameter(entry)))]);
}

function operation(value: SwaggerOperation): Buffer {
  return message([
    ...value.tags.map((tag) => text(1, tag)),
    text(3, value.description),
    text(5, value.operationId),
    ...value.produces.map((type) => text(6, type)),
    ...value.consumes.map((type) => text(7, type)),
    ...value.parameters.map((entry) => field(8, parameter(entry))),
    field(9, message(named(1, value.responses, response))),
    ...value.schemes.map((scheme) => text(10, scheme)),
    ...extensions(13, value),
  ]);
}

/** ParametersItem > Parameter > one of its kinds. */
function parameter(value: SwaggerParameter): Buffer {
  const inner = value.in === 'body'
    ? field(1, message([text(2, value.name), text(3, value.in), flag(4, value.required), value.schema && field(5, schema(value.schema))]))
    : field(2, message([value.in === 'path' ? field(4, pathParameter(value)) : field(3, queryParameter(value))]));
  return message([field(1, message([inner]))]);
}

function pathParameter(value: SwaggerParameter): Buffer {
  return message([flag(1, value.required), text(2, value.in), text(4, value.name), text(5, value.type), flag(18, value.uniqueItems)]);
}

function queryParameter(value: SwaggerParameter): Buffer {
  return message([flag(1, value.required), text(2, value.in), text(4, value.name), text(6, value.type), flag(20, value.uniqueItems)]);
}

/** ResponseValue > Response. */
function response(value: { description: string; schema?: SchemaObject }): Buffer {
  return message([field(1, message([text(1, value.description), value.schema && field(2, message([field(1, schema(value.schema))]))]))]);
}

function schema(value: SchemaObject): Buffer {
  return message([
    text(1, value.$ref),
    text(2, value.format),
    text(3, value.title),
    text(4, value.description),
    value.default !== undefined && field(5, anyValue(value.default)),
    double(6, value.multipleOf),
    double(7, value.maximum),
    flag(8, value.exclusiveMaximum),
    double(9, value.minimum),
    flag(10, value.exclusiveMinimum),
    integer(11, value.maxLength),
    integer(12, value.minLength),
    text(13, value.pattern),
    integer(14, value.maxItems),
    integer(15, value.minItems),
    flag(16, value.uniqueItems),
    integer(17, value.maxProperties),
    integer(18, value.minProperties),
    ...(value.required ?? []).map((name) => text(19, name)),
    ...(value.enum ?? []).map((entry) => field(20, anyValue(entry))),
    value.additionalProperties && field(21, message([field(1, schema(value.additionalProperties))])),
    value.type && field(22, message([text(1, value.type)])),
    value.items && field(23, message([field(1, schema(value.items))])),
    value.properties && field(25, message(named(1, value.properties, schema))),
    ...extensions(31, value),
  ]);
}
