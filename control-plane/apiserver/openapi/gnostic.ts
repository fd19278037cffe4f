/**
 * OpenAPI 2 as protobuf, message openapi.v2.Document: the only form that kubectl up to 1.26 asks for. Source: OpenAPIv2.proto
 * of github.com/google/gnostic; the numbers below are its field numbers.
 */
import type { SwaggerDocument, SwaggerOperation, SwaggerParameter, SwaggerPathItem } from './documents.ts';
import type { SchemaObject } from './schema-object.ts';

type Part = Buffer | undefined;

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
    text(5, value.operationId),
    ...value.produces.map((type) => text(6, type)),
    ...value.consumes.map((type) => text(7, type)),
    ...value.parameters.map((entry) => field(8, parameter(entry))),
    field(9, message(named(1, value.responses, response))),
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
    text(4, value.description),
    ...(value.required ?? []).map((name) => text(19, name)),
    value.additionalProperties && field(21, message([field(1, schema(value.additionalProperties))])),
    value.type && field(22, message([text(1, value.type)])),
    value.items && field(23, message([field(1, schema(value.items))])),
    value.properties && field(25, message(named(1, value.properties, schema))),
    ...extensions(31, value),
  ]);
}

/** Extensions go as YAML, of which JSON is a part. */
function extensions(number: number, value: object): Part[] {
  return Object.entries(value).filter(([name]) => name.startsWith('x-'))
    .map(([name, extension]) => field(number, message([text(1, name), field(2, message([text(2, `${JSON.stringify(extension)}\n`)]))])));
}

/** A map is a list of name-value messages. */
function named<T>(number: number, values: Readonly<Record<string, T>>, encode: (value: T) => Buffer): Part[] {
  return Object.entries(values).map(([name, value]) => field(number, message([text(1, name), field(2, encode(value))])));
}

function message(parts: readonly (Part | '')[]): Buffer {
  return Buffer.concat(parts.filter((part): part is Buffer => Buffer.isBuffer(part)));
}

function text(number: number, value: string | undefined): Part {
  return value === undefined || value === '' ? undefined : field(number, Buffer.from(value));
}

function flag(number: number, value: boolean | undefined): Part {
  return value ? Buffer.concat([varint(number << 3), varint(1)]) : undefined;
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}
