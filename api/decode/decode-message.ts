/**
 * Checks a parsed JSON value against the schema table and builds the object that the API keeps: known fields only, values
 * in their canonical form, null and empty optional lists and maps left out, as Go's decoding and encoding would do.
 */
import { canonicalQuantity, canonicalResourceAmount } from '../quantity.ts';
import { goTypeName, messageOf, type SchemaField, type SchemaMessage } from '../schema/schema-table.ts';
import { DecodeError, jsonTypeName } from './decode-error.ts';
import { countFields } from './duplicate-fields.ts';
import { formatGoPath, formatPath, type PathElement } from './field-path.ts';
import { canonicalMicroTime, canonicalTime } from './time.ts';

type JsonObject = Record<string, unknown>;

const int32Limit = 2 ** 31;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const goDuration = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|\u03bcs|ms|s|m|h))+)$/;

/** Decodes one value. Holds where it is, so that errors can say so. */
export class MessageDecoder {
  /** `unknown field "spec.foo"`, at most `limit`. */
  readonly unknownFields: string[] = [];
  private readonly path: PathElement[] = [];
  /** Go name of the struct whose fields are being read. */
  private struct = '';
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** @throws DecodeError when a value has the wrong type. */
  message(message: SchemaMessage, value: unknown): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrongType(jsonTypeName(value), goTypeName(message.name));
    }
    const outer = this.struct;
    this.struct = message.name;
    const result: JsonObject = {};
    const input = value as JsonObject;
    for (const name of Object.keys(input)) {
      const field = message.fields.get(name);
      this.path.push(name);
      if (field) this.assign(result, field, input[name]);
      else if (message.typeMeta && (name === 'apiVersion' || name === 'kind')) this.assignTypeMeta(result, name, input[name]);
      else if (this.unknownFields.length < this.limit) this.unknownFields.push(`unknown field "${formatPath(this.path)}"`);
      this.path.pop();
    }
    this.struct = outer;
    return result;
  }

  private assignTypeMeta(result: JsonObject, name: string, value: unknown): void {
    if (value === null || value === '') return;
    if (typeof value !== 'string') throw this.wrongType(jsonTypeName(value), 'string');
    result[name] = value;
  }

  private assign(result: JsonObject, field: SchemaField, value: unknown): void {
    if (value === null || value === undefined) return;
    if (field.list) {
      const list = this.list(field, value);
      // An empty list of owners is a wish: to forget them.
      if (list.length > 0 || !field.omitEmpty || field.name === 'managedFields') result[field.name] = list;
    } else if (field.map) {
      const map = this.map(field, value);
      if (map) result[field.name] = map;
    } else {
      result[field.name] = this.single(field, value);
    }
  }

  private list(field: SchemaField, value: unknown): unknown[] {
    if (!Array.isArray(value)) throw this.wrongType(jsonTypeName(value), `[]${goTypeName(field.type)}`);
    return value.map((element: unknown, index) => {
      this.path.push(index);
      const decoded = element === null ? zeroValue(field) : this.single(field, element);
      this.path.pop();
      return decoded;
    });
  }

  private map(field: SchemaField, value: unknown): JsonObject | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const goType = field.kind === 'quantity' ? 'v1.ResourceList' : `map[string]${field.kind === 'bytes' ? '[]uint8' : goTypeName(field.type)}`;
      throw this.wrongType(jsonTypeName(value), goType);
    }
    const keys = Object.keys(value);
    if (keys.length === 0 && field.omitEmpty) return undefined;
    const result: JsonObject = {};
    for (const key of keys) {
      // Assigning this key would change the prototype of every copy that is made with `copy[key] = value`.
      if (key === '__proto__') throw new DecodeError(`map key "__proto__" of ${formatPath(this.path)} is not supported`);
      const element = (value as JsonObject)[key];
      this.path.push(key);
      result[key] = element === null ? zeroValue(field) : field.kind === 'quantity' ? quantity(element, canonicalResourceAmount) : this.single(field, element);
      this.path.pop();
    }
    return result;
  }

  private single(field: SchemaField, value: unknown): unknown {
    switch (field.kind) {
      case 'message': return this.message(messageOf(field.type), value);
      case 'string': return this.string(value, 'string');
      case 'bool':
        if (typeof value !== 'boolean') throw this.wrongType(jsonTypeName(value), 'bool');
        return value;
      case 'int32': return this.integer(value, 'int32');
      case 'int64': return this.integer(value, 'int64');
      case 'double':
        if (typeof value !== 'number') throw this.wrongType(jsonTypeName(value), 'float64');
        return value;
      case 'bytes': return this.bytes(value);
      case 'quantity': return quantity(value);
      case 'time': return this.time(value, canonicalTime, '2006-01-02T15:04:05Z07:00');
      case 'microTime': return this.time(value, canonicalMicroTime, '2006-01-02T15:04:05.000000Z07:00');
      case 'duration': return this.duration(value);
      case 'intOrString': return typeof value === 'string' ? value : this.integer(value, 'int32');
      case 'stringList':
        if (!Array.isArray(value)) throw this.wrongType(jsonTypeName(value), goTypeName(field.type));
        return value.map((element) => this.string(element, 'string'));
      case 'json':
        countFields(value);
        return value;
    }
  }

  private string(value: unknown, goType: string): string {
    if (typeof value !== 'string') throw this.wrongType(jsonTypeName(value), goType);
    return value;
  }

  private integer(value: unknown, goType: 'int32' | 'int64'): number {
    if (typeof value !== 'number') throw this.wrongType(jsonTypeName(value), goType);
    // Beyond 2^53 a JavaScript number would silently be another one: refused rather than changed.
    const fits = goType === 'int32' ? value >= -int32Limit && value < int32Limit : Number.isSafeInteger(value);
    if (!fits || !Number.isInteger(value)) throw this.wrongType(`number ${value}`, goType);
    return value;
  }

  private bytes(value: unknown): string {
    const text = this.string(value, '[]uint8').replace(/[\r\n]/g, '');
    if (!base64.test(text)) {
      const at = /[^A-Za-z0-9+/]/.exec(text)?.index ?? text.length - (text.length % 4);
      throw new DecodeError(`illegal base64 data at input byte ${at}`);
    }
    return text;
  }

  private time(value: unknown, canonical: (text: string) => string | undefined, layout: string): string {
    const text = this.string(value, 'string');
    const result = canonical(text);
    if (result === undefined) throw new DecodeError(`parsing time "${text}" as "${layout}": cannot parse "${text}" as "2006"`);
    return result;
  }

  private duration(value: unknown): string {
    const text = this.string(value, 'string');
    if (!goDuration.test(text)) throw new DecodeError(`time: invalid duration "${text}"`);
    return text;
  }

  private wrongType(what: string, goType: string): DecodeError {
    const names = formatGoPath(this.path);
    const target = names === '' ? `value of type ${goType}` : `struct field ${this.struct.split('.').at(-1)}.${names} of type ${goType}`;
    return new DecodeError(`json: cannot unmarshal ${what} into Go ${target}`);
  }
}

function quantity(value: unknown, canonical = canonicalQuantity): string {
  const text = typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
  try {
    return canonical(text);
  } catch (error) {
    if (error instanceof RangeError) throw new DecodeError(error.message);
    throw error;
  }
}

/** What Go makes of a null inside a list or map. */
function zeroValue(field: SchemaField): unknown {
  switch (field.kind) {
    case 'message': return {};
    case 'bool': return false;
    case 'int32': case 'int64': case 'double': case 'intOrString': return 0;
    case 'quantity': return '0';
    case 'time': case 'microTime': case 'json': return null;
    case 'stringList': return [];
    case 'string': case 'bytes': case 'duration': return '';
  }
}
