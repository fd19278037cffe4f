/**
 * Objects of the API → Kubernetes' protobuf, byte for byte what Go's generated code writes: fields by number, maps sorted,
 * fields that are no pointers in Go always there.
 */
import { BackwardWriter } from './backward-writer.ts';
import { jsonSchemaMessage, planOf, type WireField } from './message-plan.ts';

type JsonObject = Readonly<Record<string, unknown>>;

const writer = new BackwardWriter();

/**
 * @param message of the schema table, `k8s.io.api.core.v1.Pod`.
 * @param value decoded and canonical, as the store has it. apiVersion and kind are no part of the message.
 * @returns the message without envelope.
 */
export function encodeProtobuf(message: string, value: object): Buffer {
  try {
    writeMessage(message, value as JsonObject);
    return writer.take();
  } catch (error) {
    writer.clear();
    throw error;
  }
}

function writeMessage(message: string, value: JsonObject): void {
  const plan = planOf(message);
  for (let index = 0; index < plan.length; index++) {
    const field = plan[index]!;
    if (field.flat) writeField(field, value);
    else writeEntry(field, value[field.name]);
  }
}

function writeEntry(field: WireField, value: unknown): void {
  if (value === undefined || value === null) {
    if (field.always) writeField(field, undefined);
  } else if (field.list) {
    const list = value as readonly unknown[];
    // Any JSON may be null.
    for (let index = list.length - 1; index >= 0; index--) writeField(field, field.kind === 'raw' ? list[index] : list[index] ?? undefined);
  } else if (field.map) {
    writeMap(field, value as JsonObject);
  } else {
    writeField(field, value);
  }
}

const mapKeyTag = 0x0a;

function writeMap(field: WireField, map: JsonObject): void {
  const keys = Object.keys(map);
  if (keys.length > 1) keys.sort(compareKeys);
  const valueTag = 16 + (field.kind === 'integer' || field.kind === 'bool' ? 0 : field.kind === 'double' ? 1 : 2);
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index]!;
    const end = writer.length;
    writeValue(field, map[key] ?? undefined);
    writer.varint(valueTag);
    writer.varint(writer.text(key));
    writer.byte(mapKeyTag);
    writer.varint(writer.length - end);
    writer.varint(field.tag);
  }
}

/** Go compares bytes, JavaScript UTF-16: they differ behind the surrogates only. */
function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  return /[\ud800-\uffff]/.test(a + b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1;
}

function writeField(field: WireField, value: unknown): void {
  writeValue(field, value);
  writer.varint(field.tag);
}

/** With its length where it has one. undefined is Go's zero value. */
function writeValue(field: WireField, value: unknown): void {
  switch (field.kind) {
    case 'string':
      writer.varint(writer.text((value as string | undefined) ?? ''));
      return;
    case 'integer':
      writer.varint((value as number | undefined) ?? 0);
      return;
    case 'bool':
      writer.byte(value === true ? 1 : 0);
      return;
    case 'double':
      writer.double((value as number | undefined) ?? 0);
      return;
    case 'bytes':
      writeBytes(Buffer.from((value as string | undefined) ?? '', 'base64'));
      return;
    default: {
      const end = writer.length;
      if (field.kind === 'message') writeMessage(field.type, (value as JsonObject | undefined) ?? {});
      else writeWrapper(field.kind, value);
      writer.varint(writer.length - end);
    }
  }
}

function writeBytes(bytes: Uint8Array): void {
  writer.raw(bytes);
  writer.varint(bytes.length);
}

/** Messages whose JSON is no object with their fields. */
function writeWrapper(kind: WireField['kind'], value: unknown): void {
  switch (kind) {
    case 'time':
    case 'microTime':
      if (value !== undefined) writeTime(value as string, kind === 'microTime');
      return;
    case 'duration':
      writeInteger(1, goDurationNanoseconds((value as string | undefined) ?? '0s'));
      return;
    case 'quantity':
      writeText(1, (value as string | undefined) ?? '0');
      return;
    case 'intOrString':
      writeText(3, typeof value === 'string' ? value : '');
      writeInteger(2, typeof value === 'number' ? value : 0);
      writeInteger(1, typeof value === 'string' ? 1 : 0);
      return;
    case 'raw':
      if (value !== undefined) writeText(1, JSON.stringify(value));
      return;
    case 'stringList':
      for (const item of [...((value as readonly string[] | undefined) ?? [])].reverse()) writeText(1, item);
      return;
    default:
      writeSchemaUnion(kind, value);
  }
}

/** Fields of CustomResourceDefinitions that are a schema or something else. */
function writeSchemaUnion(kind: WireField['kind'], value: unknown): void {
  const schema = (number: number, one: unknown): void => {
    const end = writer.length;
    writeMessage(jsonSchemaMessage, one as JsonObject);
    writer.varint(writer.length - end);
    writer.varint(number * 8 + 2);
  };
  const isList = Array.isArray(value);
  const isSchema = typeof value === 'object' && value !== null && !isList;
  if (kind === 'schemaOrBool') {
    if (isSchema) schema(2, value);
    writer.byte(isSchema || value === true ? 1 : 0);
    writer.byte(0x08);
    return;
  }
  if (isList) {
    for (const item of [...(value as readonly unknown[])].reverse()) {
      if (kind === 'schemaOrArray') schema(2, item);
      else writeText(2, item as string);
    }
  }
  if (isSchema) schema(1, value);
}

function writeText(number: number, value: string): void {
  writer.varint(writer.text(value));
  writer.varint(number * 8 + 2);
}

function writeInteger(number: number, value: number): void {
  writer.varint(value);
  writer.varint(number * 8);
}

const goZeroTime = '0001-01-01T00:00:00Z';

/** Time has seconds only, whatever it was given; MicroTime microseconds. */
function writeTime(text: string, micro: boolean): void {
  if (text === goZeroTime) return;
  const milliseconds = Date.parse(text);
  const fraction = micro ? /\.(\d{1,6})/.exec(text)?.[1] : undefined;
  writeInteger(2, fraction ? Number(fraction.padEnd(6, '0')) * 1000 : 0);
  writeInteger(1, Math.floor(milliseconds / 1000));
}

const goUnits: Readonly<Record<string, number>> = { ns: 1, us: 1e3, 'µs': 1e3, 'μs': 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };

/** `1h2m0.5s` */
function goDurationNanoseconds(text: string): number {
  let nanoseconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|\u03bcs|ms|s|m|h)/g)) nanoseconds += Number(amount) * goUnits[unit!]!;
  return text.startsWith('-') ? -nanoseconds : nanoseconds;
}
