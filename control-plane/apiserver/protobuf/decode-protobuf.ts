/**
 * Kubernetes' protobuf bodies → plain JSON values, driven by the field numbers of the schema table. kubectl >= 1.32 creates
 * objects so, and client-go's typed clients may. Wire format: protocolbuffers encoding guide; envelope: the magic "k8s\0"
 * and a runtime.Unknown around the object.
 *
 * Kubernetes always writes fields that are no pointers in Go, zero or not. A zero is left out here, as Go's JSON with
 * omitempty would, except where the field is a pointer and zero means zero.
 */
import { jsonSyntaxError } from '../../../api/decode/json-syntax-error.ts';
import { newBadRequest } from '../../../api/errors.ts';
import table from '../../../api/schema/schema.json' with { type: 'json' };
import { isPointerField } from './pointer-fields.ts';
import { isValueField } from './value-fields.ts';

interface Row {
  number: number;
  type: string;
  repeated?: boolean;
  map?: string;
  inline?: boolean;
  json?: string;
  required?: boolean;
  omitempty?: boolean;
}

interface Field extends Row {
  /** Under which the value goes into the JSON object. */
  name: string;
  /** Its fields go into the object itself. */
  flat: boolean;
}

type Rows = Readonly<Record<string, Readonly<Record<string, Row>>>>;
const messages = table as unknown as Rows;
const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1.';
const customKinds = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.';
const magic = Buffer.from('k8s\0');
/** Deeper than any type of the API that is not recursive. */
const maxDepth = 64;
const compiled = new Map<string, ReadonlyMap<number, Field>>();

function fieldsOf(message: string): ReadonlyMap<number, Field> {
  let fields = compiled.get(message);
  if (!fields) {
    fields = new Map(Object.entries(messages[message] ?? {}).map(([name, row]) => [row.number, {
      ...row, name: row.json ?? name, flat: row.inline === true || row.type === 'k8s.io.api.core.v1.EphemeralContainerCommon',
    }]));
    compiled.set(message, fields);
  }
  return fields;
}

/**
 * @param schema message of the object, `k8s.io.api.core.v1.Pod`.
 * @returns the object with the apiVersion and kind that the envelope names.
 * @throws StatusError BadRequest for bytes that are no such message.
 */
export function decodeProtobuf(bytes: Uint8Array, schema: string): Record<string, unknown> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, magic.length).equals(magic)) throw malformed('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  let raw: Buffer = Buffer.alloc(0);
  let typeMeta: Record<string, unknown> = {};
  new Reader(buffer.subarray(magic.length)).each((number, value) => {
    if (number === 1 && Buffer.isBuffer(value)) typeMeta = decodeMessage(value, 'k8s.io.apimachinery.pkg.runtime.TypeMeta', 0);
    if (number === 2 && Buffer.isBuffer(value)) raw = value;
  });
  return { ...typeMeta, ...decodeMessage(raw, schema, 0) };
}

function malformed(why: string): Error {
  return newBadRequest(why);
}

/** What a field has on the wire: a varint, eight bytes as a double, or bytes. */
type WireValue = bigint | number | Buffer;

class Reader {
  private readonly bytes: Buffer;
  private offset = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  each(visit: (number: number, value: WireValue) => void): void {
    while (this.offset < this.bytes.length) {
      const tag = Number(this.varint());
      visit(Math.floor(tag / 8), this.value(tag % 8));
    }
  }

  private value(wireType: number): WireValue {
    switch (wireType) {
      case 0: return this.varint();
      case 1: return this.take(8).readDoubleLE();
      case 2: return this.take(Number(this.varint()));
      case 5: return this.take(4).readFloatLE();
      default: throw malformed(`proto: illegal wireType ${wireType}`);
    }
  }

  private take(length: number): Buffer {
    if (length > this.bytes.length - this.offset) throw malformed('unexpected EOF');
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  varint(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.offset];
      if (byte === undefined) throw malformed('unexpected EOF');
      this.offset += 1;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, result);
    }
    throw malformed('proto: integer overflow');
  }
}

function decodeMessage(bytes: Buffer, message: string, depth: number): Record<string, unknown> {
  if (depth > maxDepth) throw malformed('proto: message is nested too deeply');
  const fields = fieldsOf(message);
  const result: Record<string, unknown> = {};
  new Reader(bytes).each((number, value) => {
    const field = fields.get(number);
    if (!field || field.name === '-') return;
    if (field.flat) Object.assign(result, decodeMessage(asBytes(value), field.type, depth + 1));
    else if (field.map !== undefined) addEntry(result, field, asBytes(value), depth);
    else if (field.repeated) ((result[field.name] ??= []) as unknown[]).push(decodeValue(value, field.type, depth));
    else setField(result, field, decodeValue(value, field.type, depth), message);
  });
  return result;
}

function setField(result: Record<string, unknown>, field: Field, value: unknown, message: string): void {
  if (value === undefined) return;
  const zero = value === '' || value === 0 || value === false;
  const pointer = field.type.includes('.') ? !isValueField(message, field.name) : isPointerField(message, field.name);
  if (!zero || !field.omitempty || pointer) result[field.name] = value;
}

function addEntry(result: Record<string, unknown>, field: Field, bytes: Buffer, depth: number): void {
  let key = '';
  let value: unknown = decodeEmpty(field.type, depth);
  new Reader(bytes).each((number, entry) => {
    if (number === 1) key = asBytes(entry).toString('utf8');
    if (number === 2) value = decodeValue(entry, field.type, depth);
  });
  if (key === '__proto__') return;
  ((result[field.name] ??= {}) as Record<string, unknown>)[key] = value;
}

function decodeEmpty(type: string, depth: number): unknown {
  return type === 'string' || type === 'bytes' ? '' : decodeValue(Buffer.alloc(0), type, depth);
}

function decodeValue(value: WireValue, type: string, depth: number): unknown {
  switch (type) {
    case 'string': return asBytes(value).toString('utf8');
    case 'bytes': return asBytes(value).toString('base64');
    case 'bool': return asInteger(value) !== 0;
    case 'int32':
    case 'int64': return asInteger(value);
    case 'double': return typeof value === 'number' ? value : asInteger(value);
    case `${meta}Time`: return decodeTime(asBytes(value), 0);
    case `${meta}MicroTime`: return decodeTime(asBytes(value), 6);
    case `${meta}Duration`: return goDuration((decodeMessage(asBytes(value), type, depth + 1)['duration'] as number | undefined) ?? 0);
    case `${meta}Verbs`:
    case 'k8s.io.api.authentication.v1.ExtraValue':
    case 'k8s.io.api.authorization.v1.ExtraValue':
    case 'k8s.io.api.certificates.v1.ExtraValue': return decodeMessage(asBytes(value), type, depth + 1)['items'] ?? [];
    case `${meta}FieldsV1`:
    case `${customKinds}JSON`:
    case 'k8s.io.apimachinery.pkg.runtime.RawExtension': return decodeRaw(asBytes(value));
    case `${customKinds}JSONSchemaPropsOrArray`:
    case `${customKinds}JSONSchemaPropsOrBool`:
    case `${customKinds}JSONSchemaPropsOrStringArray`: return decodeSchemaUnion(asBytes(value), type, depth);
    case 'k8s.io.apimachinery.pkg.api.resource.Quantity': return decodeMessage(asBytes(value), type, depth + 1)['string'] ?? '0';
    case 'k8s.io.apimachinery.pkg.util.intstr.IntOrString': return decodeIntOrString(asBytes(value), depth);
    default: return decodeMessage(asBytes(value), type, depth + 1);
  }
}

/** A schema, or what may stand in its place. */
function decodeSchemaUnion(bytes: Buffer, type: string, depth: number): unknown {
  const { schema, jSONSchemas, property, allows } = decodeMessage(bytes, type, depth + 1);
  return schema ?? jSONSchemas ?? property ?? (type.endsWith('Bool') ? allows === true : undefined);
}

/** As time.Duration prints itself, down to nanoseconds. */
function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  const sign = nanoseconds < 0 ? '-' : '';
  const total = Math.abs(nanoseconds);
  if (total < 1e9) {
    const [unit, size] = total < 1e3 ? ['ns', 1] as const : total < 1e6 ? ['µs', 1e3] as const : ['ms', 1e6] as const;
    return `${sign}${total / size}${unit}`;
  }
  const seconds = (total % 6e10) / 1e9;
  const minutes = Math.floor(total / 6e10) % 60;
  const hours = Math.floor(total / 3.6e12);
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}

/** RFC 3339; undefined for the zero time, which is written as an empty message. */
function decodeTime(bytes: Buffer, digits: 0 | 6): string | undefined {
  let seconds: number | undefined;
  let nanos = 0;
  new Reader(bytes).each((number, value) => {
    if (number === 1) seconds = asInteger(value);
    if (number === 2) nanos = asInteger(value);
  });
  if (seconds === undefined) return undefined;
  const time = new Date(seconds * 1000);
  if (Number.isNaN(time.getTime())) throw malformed('proto: time out of range');
  const fraction = digits === 0 ? '' : `.${String(Math.floor(nanos / 1000)).padStart(6, '0')}`;
  return time.toISOString().replace(/\.\d+Z$/, `${fraction}Z`);
}

function decodeIntOrString(bytes: Buffer, depth: number): string | number {
  const { type = 0, intVal = 0, strVal = '' } = decodeMessage(bytes, 'k8s.io.apimachinery.pkg.util.intstr.IntOrString', depth + 1) as { type?: number; intVal?: number; strVal?: string };
  return type === 1 ? strVal : intVal;
}

function decodeRaw(bytes: Buffer): unknown {
  let raw: Buffer = Buffer.alloc(0);
  new Reader(bytes).each((number, value) => {
    if (number === 1) raw = asBytes(value);
  });
  if (raw.length === 0) return undefined;
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    throw malformed(`json parse error: ${jsonSyntaxError(raw.toString('utf8'))}`);
  }
}

function asBytes(value: WireValue): Buffer {
  if (!Buffer.isBuffer(value)) throw malformed('proto: wrong wireType');
  return value;
}

function asInteger(value: WireValue): number {
  if (typeof value !== 'bigint') throw malformed('proto: wrong wireType');
  return Number(value);
}
