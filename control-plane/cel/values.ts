/**
 * The values of CEL at run time: int is a bigint, uint a Uint, double a number, bytes a Uint8Array; lists and maps are views,
 * so that objects of the store are not copied to be looked at.
 */
import { CelEvaluationError } from './program.ts';
import { dyn, type CelType } from './types.ts';

export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since the epoch. */
export class Timestamp {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

export class Duration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

export class Optional {
  readonly present: boolean;
  readonly value: unknown;

  constructor(present: boolean, value?: unknown) {
    this.present = present;
    this.value = value;
  }
}

export const none = new Optional(false);

/** A value with functions of its own only: a quantity, an address, the authorizer. */
export class Opaque {
  readonly type: string;
  readonly value: unknown;

  constructor(type: string, value: unknown) {
    this.type = type;
    this.value = value;
  }
}

export class TypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export interface CelList {
  readonly size: number;
  at(index: number): unknown;
}

export class List implements CelList {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }

  get size(): number {
    return this.items.length;
  }

  at(index: number): unknown {
    return this.items[index];
  }
}

class JsonList implements CelList {
  private readonly raw: readonly unknown[];
  private readonly element: CelType;

  constructor(raw: readonly unknown[], element: CelType) {
    this.raw = raw;
    this.element = element;
  }

  get size(): number {
    return this.raw.length;
  }

  at(index: number): unknown {
    return adapt(this.raw[index], this.element);
  }
}

export abstract class CelMap {
  abstract readonly size: number;
  /** undefined where there is no such key. */
  abstract get(key: unknown): unknown;
  abstract keys(): Iterable<unknown>;
}

export class NativeMap extends CelMap {
  /** Of an object that an expression made. */
  readonly typeName: string | undefined = undefined;
  private readonly entries = new Map<string, readonly [unknown, unknown]>();

  constructor(entries: Iterable<readonly [unknown, unknown]>) {
    super();
    for (const entry of entries) {
      const key = keyOf(entry[0]);
      if (this.entries.has(key)) throw new CelEvaluationError(`insert failed: key ${key} already exists`);
      this.entries.set(key, entry);
    }
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: unknown): unknown {
    return this.entries.get(keyOf(key))?.[1];
  }

  *keys(): Iterable<unknown> {
    for (const [key] of this.entries.values()) yield key;
  }
}

class JsonMap extends CelMap {
  private readonly raw: Readonly<Record<string, unknown>>;
  private readonly type: CelType;

  constructor(raw: Readonly<Record<string, unknown>>, type: CelType) {
    super();
    this.raw = raw;
    this.type = type;
  }

  get size(): number {
    return Object.keys(this.raw).length;
  }

  get(key: unknown): unknown {
    if (typeof key !== 'string' || !Object.hasOwn(this.raw, key)) return undefined;
    const { type } = this;
    const value = type.kind === 'object' ? type.fields.get(key) ?? dyn : type.kind === 'map' ? type.value : dyn;
    const given = this.raw[key];
    return adapt(typeof given === 'function' ? (given as () => unknown)() : given, value);
  }

  keys(): Iterable<unknown> {
    return Object.keys(this.raw);
  }
}

export function isList(value: unknown): value is CelList {
  return value instanceof List || value instanceof JsonList;
}

/** A JSON value as CEL sees it, by its declared type. */
export function adapt(value: unknown, type: CelType): unknown {
  switch (typeof value) {
    case 'number':
      if (type.kind === 'double') return value;
      if (type.kind === 'uint') return new Uint(BigInt(value));
      return Number.isInteger(value) ? BigInt(value) : value;
    case 'string':
      if (type.kind === 'timestamp') return parseTimestamp(value.length === 10 ? `${value}T00:00:00Z` : value);
      if (type.kind === 'duration') return parseDuration(value);
      if (type.kind === 'bytes') return new Uint8Array(Buffer.from(value, 'base64'));
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return new JsonList(value, type.kind === 'list' ? type.element : dyn);
      if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) return new JsonMap(value as Record<string, unknown>, type);
      return value;
    case 'undefined': return null;
    default: return value;
  }
}

const second = 1_000_000_000n;
const units: Readonly<Record<string, bigint>> = { ns: 1n, us: 1000n, 'µs': 1000n, ms: 1_000_000n, s: second, m: 60n * second, h: 3600n * second };

/** @throws CelEvaluationError */
export function parseDuration(text: string): Duration {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (!match && text !== '0') throw new CelEvaluationError(`time: invalid duration ${JSON.stringify(text)}`);
  let total = 0n;
  for (const [, whole = '', fraction = '', unit] of text.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|ms|s|m|h)/g)) {
    const scale = units[unit!]!;
    total += BigInt(whole || '0') * scale;
    if (fraction) total += BigInt(fraction.slice(0, 18)) * scale / 10n ** BigInt(Math.min(fraction.length, 18));
  }
  if (total >= 2n ** 63n) throw new CelEvaluationError(`time: invalid duration ${JSON.stringify(text)}`);
  return new Duration(text.startsWith('-') ? -total : total);
}

/** @throws CelEvaluationError */
export function parseTimestamp(text: string): Timestamp {
  const match = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  const milliseconds = match ? Date.parse(`${match[1]}T${match[2]}${match[4]!.toUpperCase()}`) : Number.NaN;
  if (!match || Number.isNaN(milliseconds)) throw new CelEvaluationError(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse`);
  return new Timestamp(BigInt(milliseconds) * 1_000_000n + BigInt((match[3] ?? '').padEnd(9, '0')));
}

export function formatTimestamp({ nanoseconds }: Timestamp): string {
  const milliseconds = Number(nanoseconds >= 0n || nanoseconds % 1_000_000n === 0n ? nanoseconds / 1_000_000n : nanoseconds / 1_000_000n - 1n);
  const fraction = ((nanoseconds % second) + second) % second;
  const base = new Date(milliseconds).toISOString().slice(0, 19);
  return fraction === 0n ? `${base}Z` : `${base}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}Z`;
}

/** As protobuf shows durations: `3600s`, `1.5s`. */
export function formatDuration({ nanoseconds }: Duration): string {
  const absolute = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = absolute % second;
  const tail = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
  return `${nanoseconds < 0n ? '-' : ''}${absolute / second}${tail}s`;
}

export function typeNameOf(value: unknown): string {
  switch (typeof value) {
    case 'bigint': return 'int';
    case 'number': return 'double';
    case 'boolean': return 'bool';
    case 'string': return 'string';
    default: break;
  }
  if (value === null) return 'null_type';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Opaque) return value.type;
  if (value instanceof NativeMap && value.typeName !== undefined) return value.typeName;
  return isList(value) ? 'list' : 'map';
}

/** Numbers of all kinds that are equal are the same key. */
function keyOf(key: unknown): string {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (typeof key === 'number' && Number.isInteger(key)) return `n${BigInt(key)}`;
  return `?${typeNameOf(key)}${String(key)}`;
}

/** Negative, 0 or positive; undefined where the two have no order. */
export function compare(a: unknown, b: unknown): number | undefined {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a instanceof Uint ? a.value : a, b instanceof Uint ? b.value : b);
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration)) return compareNumbers(a.nanoseconds, b.nanoseconds);
  return undefined;
}

function isNumber(value: unknown): value is bigint | number | Uint {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint;
}

function compareNumbers(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : Number.NaN;
}

/** @param charge is called for each element that is looked at. */
export function equal(a: unknown, b: unknown, charge: (cost: number) => void): boolean {
  const order = compare(a, b);
  if (order !== undefined) {
    if (typeof a === 'string') charge(Math.min(a.length, (b as string).length) * 0.1);
    return order === 0;
  }
  if (a === b) return true;
  if (isList(a) && isList(b)) {
    if (a.size !== b.size) return false;
    for (let index = 0; index < a.size; index++) {
      charge(1);
      if (!equal(a.at(index), b.at(index), charge)) return false;
    }
    return true;
  }
  if (a instanceof CelMap && b instanceof CelMap) {
    if (a.size !== b.size) return false;
    for (const key of a.keys()) {
      charge(1);
      const other = b.get(key);
      if (other === undefined || !equal(a.get(key), other, charge)) return false;
    }
    return true;
  }
  if (a instanceof Optional && b instanceof Optional) return a.present === b.present && (!a.present || equal(a.value, b.value, charge));
  if (a instanceof TypeValue && b instanceof TypeValue) return a.name === b.name;
  if (a instanceof Opaque && b instanceof Opaque) return a.type === b.type && String(a.value) === String(b.value);
  return false;
}

/** What an expression gives back, as JSON where JSON has it. */
export function toNative(value: unknown): unknown {
  if (isList(value)) return Array.from({ length: value.size }, (_, index) => toNative(value.at(index)));
  if (value instanceof CelMap) return Object.fromEntries([...value.keys()].map((key) => [String(key instanceof Uint ? key.value : key), toNative(value.get(key))]));
  if (value instanceof Uint) return value.value;
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Optional) return value.present ? toNative(value.value) : undefined;
  return value;
}
