/**
 * The functions of an expression: CEL's own and Kubernetes' libraries (strings, lists, regex, urls, quantity, ip, cidr, sets,
 * optionals). Sources: github.com/google/cel-spec and k8s.io/apiserver/pkg/cel/library.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';
import { canonicalQuantity, isQuantity, parseQuantity } from '../../api/quantity.ts';
import { PatternError } from '../regular-expression/parse.ts';
import { RegularExpression } from '../regular-expression/regular-expression.ts';
import { formatText } from './format-text.ts';
import { CelEvaluationError } from './program.ts';
import { bool, bytes, double, duration, dyn, int, listOf, mapOf, opaque, optionalOf, string, timestamp, typeType, uint, type CelType } from './types.ts';
import {
  CelMap, compare, Duration, equal, formatDuration, formatTimestamp, isList, List, none, Opaque, Optional, parseDuration, parseTimestamp, Timestamp, TypeValue, typeNameOf, Uint,
  type CelList,
} from './values.ts';

export type Charge = (cost: number) => void;

export interface Overload {
  /** Called as `receiver.name(...)`: the receiver is the first parameter. */
  readonly member: boolean;
  readonly parameters: readonly CelType[];
  readonly result: CelType | ((types: readonly CelType[]) => CelType);
  call(values: readonly never[], charge: Charge): unknown;
}

const table = new Map<string, Overload[]>();

/** The parameters say what each value is: an overload is only called with what it takes. */
type Call<P extends readonly unknown[]> = (values: P, charge: Charge) => unknown;

function define<P extends readonly unknown[]>(name: string, member: boolean, parameters: readonly CelType[], result: Overload['result'], call: Call<P>): void {
  const overloads = table.get(name) ?? [];
  overloads.push({ member, parameters, result, call: call as unknown as Overload['call'] });
  table.set(name, overloads);
}

function method<P extends readonly unknown[]>(name: string, parameters: readonly CelType[], result: Overload['result'], call: Call<P>): void {
  define(name, true, parameters, result, call);
}

function global<P extends readonly unknown[]>(name: string, parameters: readonly CelType[], result: Overload['result'], call: Call<P>): void {
  define(name, false, parameters, result, call);
}

/** `authorizer` and other families add theirs. @param cost of a call. */
export function defineMethod(name: string, parameters: readonly CelType[], result: CelType, call: (...values: unknown[]) => unknown, cost = 0): void {
  method(name, parameters, result, (values: unknown[], charge) => {
    if (cost > 0) charge(cost);
    return call(...values);
  });
}

export function overloadsOf(name: string): readonly Overload[] {
  return table.get(name) ?? [];
}

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};

const list = listOf(dyn);
const map = mapOf(dyn, dyn);

export function checkInt(value: bigint): bigint {
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : fail('integer overflow');
}

export function checkUint(value: bigint): Uint {
  return value >= 0n && value < 2n ** 64n ? new Uint(value) : fail('unsigned integer overflow');
}

const itemsOf = (values: CelList): unknown[] => Array.from({ length: values.size }, (_, index) => values.at(index));

// Sizes and conversions.
const sizeOf = (value: unknown, charge: Charge): bigint => {
  if (typeof value === 'string') {
    charge(Math.ceil(value.length * 0.1));
    let count = 0n;
    for (const _ of value) count += 1n;
    return count;
  }
  if (value instanceof Uint8Array) return BigInt(value.length);
  return BigInt((value as CelList).size);
};
for (const type of [string, bytes, list, map]) {
  global('size', [type], int, ([value]: [unknown], charge) => sizeOf(value, charge));
  method('size', [type], int, ([value]: [unknown], charge) => sizeOf(value, charge));
}
global('dyn', [dyn], dyn, ([value]) => value);
global('type', [dyn], typeType, ([value]) => new TypeValue(typeNameOf(value)));
global('int', [int], int, ([value]) => value);
global('int', [uint], int, ([value]: [Uint]) => checkInt(value.value));
global('int', [double], int, ([value]: [number]) => (Number.isFinite(value) ? checkInt(BigInt(Math.trunc(value))) : fail('integer overflow')));
global('int', [string], int, ([value]: [string]) => (/^[+-]?\d{1,20}$/.test(value) ? checkInt(BigInt(value.replace(/^\+/, ''))) : fail(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)));
global('int', [timestamp], int, ([value]: [Timestamp]) => value.nanoseconds / 1_000_000_000n);
global('int', [duration], int, ([value]: [Duration]) => value.nanoseconds);
global('uint', [uint], uint, ([value]) => value);
global('uint', [int], uint, ([value]: [bigint]) => checkUint(value));
global('uint', [double], uint, ([value]: [number]) => (Number.isFinite(value) ? checkUint(BigInt(Math.trunc(value))) : fail('unsigned integer overflow')));
global('uint', [string], uint, ([value]: [string]) => (/^\d{1,20}$/.test(value) ? checkUint(BigInt(value)) : fail(`strconv.ParseUint: parsing ${JSON.stringify(value)}: invalid syntax`)));
global('double', [double], double, ([value]) => value);
global('double', [int], double, ([value]: [bigint]) => Number(value));
global('double', [uint], double, ([value]: [Uint]) => Number(value.value));
global('double', [string], double, ([value]: [string]) => (/^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Inf(?:inity)?|NaN)$/.test(value) ? Number(value.replace(/Inf(?:inity)?/, 'Infinity')) : fail(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`)));
global('bool', [bool], bool, ([value]) => value);
global('bool', [string], bool, ([value]: [string]) => (/^(?:1|t|T|true|TRUE|True)$/.test(value) ? true : /^(?:0|f|F|false|FALSE|False)$/.test(value) ? false : fail(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`)));
global('string', [string], string, ([value]) => value);
global('string', [int], string, ([value]) => String(value));
global('string', [uint], string, ([value]: [Uint]) => String(value.value));
global('string', [double], string, ([value]: [number]) => (Object.is(value, Infinity) ? '+Inf' : value === -Infinity ? '-Inf' : String(value)));
global('string', [bool], string, ([value]) => String(value));
global('string', [bytes], string, ([value]: [Uint8Array]) => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    return fail('invalid UTF-8 in bytes, cannot convert to string');
  }
});
global('string', [timestamp], string, ([value]: [Timestamp]) => formatTimestamp(value));
global('string', [duration], string, ([value]: [Duration]) => formatDuration(value));
for (const name of ['kubernetes.Quantity', 'net.IP', 'net.CIDR', 'kubernetes.URL']) global('string', [opaque(name)], string, ([value]: [Opaque]) => String(value.value));
global('bytes', [bytes], bytes, ([value]) => value);
global('bytes', [string], bytes, ([value]: [string]) => new Uint8Array(Buffer.from(value)));
global('timestamp', [timestamp], timestamp, ([value]) => value);
global('timestamp', [string], timestamp, ([value]: [string]) => parseTimestamp(value));
global('timestamp', [int], timestamp, ([value]: [bigint]) => new Timestamp(value * 1_000_000_000n));
global('duration', [duration], duration, ([value]) => value);
global('duration', [string], duration, ([value]: [string]) => parseDuration(value));

// Times.
const parts: Readonly<Record<string, (date: Date, nanoseconds: bigint) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(), getMonth: (date) => date.getUTCMonth(), getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1, getDayOfWeek: (date) => date.getUTCDay(), getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(), getSeconds: (date) => date.getUTCSeconds(), getMilliseconds: (date) => date.getUTCMilliseconds(),
  getDayOfYear: (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000),
};
const inZone = ({ nanoseconds }: Timestamp, zone: string): Date => {
  const time = Number(nanoseconds / 1_000_000n);
  const offset = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone);
  if (offset) return new Date(time + (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000);
  try {
    const shown = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' }).formatToParts(time);
    const part = (name: string): number => Number(shown.find(({ type }) => type === name)?.value);
    return new Date(Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'), ((time % 1000) + 1000) % 1000));
  } catch {
    return fail(`unknown time zone ${zone}`);
  }
};
for (const [name, read] of Object.entries(parts)) {
  method(name, [timestamp], int, ([value]: [Timestamp]) => BigInt(read(new Date(Number(value.nanoseconds / 1_000_000n)), value.nanoseconds)));
  method(name, [timestamp, string], int, ([value, zone]: [Timestamp, string]) => BigInt(read(inZone(value, zone), value.nanoseconds)));
}
for (const [name, unit] of [['getHours', 3_600_000_000_000n], ['getMinutes', 60_000_000_000n], ['getSeconds', 1_000_000_000n]] as const) {
  method(name, [duration], int, ([value]: [Duration]) => value.nanoseconds / unit);
}
method('getMilliseconds', [duration], int, ([value]: [Duration]) => (value.nanoseconds / 1_000_000n) % 1000n);

// Strings. Positions count code points.
const points = (text: string, charge: Charge): string[] => {
  charge(Math.ceil(text.length * 0.1));
  return Array.from(text);
};
const search = (name: string, test: (text: string, other: string) => boolean): void =>
  method(name, [string, string], bool, ([text, other]: [string, string], charge) => {
    charge(Math.ceil(Math.max(text.length, 1) * 0.1 * (name === 'contains' ? Math.max(1, other.length * 0.1) : 1)));
    return test(text, other);
  });
search('contains', (text, other) => text.includes(other));
search('startsWith', (text, other) => text.startsWith(other));
search('endsWith', (text, other) => text.endsWith(other));
method('charAt', [string, int], string, ([text, at]: [string, bigint], charge) => {
  const characters = points(text, charge);
  if (at < 0n || at > BigInt(characters.length)) return fail(`index out of range: ${at}`);
  return characters[Number(at)] ?? '';
});
const findText = (last: boolean) => ([text, other, from]: [string, string, bigint?], charge: Charge): bigint => {
  const [characters, wanted] = [points(text, charge), points(other, charge)];
  charge(Math.ceil(characters.length * wanted.length * 0.01));
  if (from !== undefined && (from < 0n || from > BigInt(characters.length))) return fail(`index out of range: ${from}`);
  const matches = (at: number): boolean => wanted.every((character, index) => characters[at + index] === character);
  if (last) {
    for (let at = Math.min(Number(from ?? characters.length), characters.length - wanted.length); at >= 0; at--) if (matches(at)) return BigInt(at);
    return -1n;
  }
  for (let at = Number(from ?? 0); at + wanted.length <= characters.length; at++) if (matches(at)) return BigInt(at);
  return -1n;
};
method('indexOf', [string, string], int, findText(false));
method('indexOf', [string, string, int], int, findText(false));
method('lastIndexOf', [string, string], int, findText(true));
method('lastIndexOf', [string, string, int], int, findText(true));
const ascii = (name: string, pattern: RegExp, change: (text: string) => string): void => method(name, [string], string, ([text]: [string], charge) => {
  charge(Math.ceil(text.length * 0.1));
  return text.replace(pattern, change);
});
ascii('lowerAscii', /[A-Z]+/g, (text) => text.toLowerCase());
ascii('upperAscii', /[a-z]+/g, (text) => text.toUpperCase());
method('replace', [string, string, string], string, ([text, from, to]: [string, string, string], charge) => replaceText(text, from, to, -1n, charge));
method('replace', [string, string, string, int], string, ([text, from, to, limit]: [string, string, string, bigint], charge) => replaceText(text, from, to, limit, charge));
method('split', [string, string], listOf(string), ([text, separator]: [string, string], charge) => splitText(text, separator, -1n, charge));
method('split', [string, string, int], listOf(string), ([text, separator, limit]: [string, string, bigint], charge) => splitText(text, separator, limit, charge));
const substring = ([text, begin, end]: [string, bigint, bigint?], charge: Charge): string => {
  const characters = points(text, charge);
  const stop = end ?? BigInt(characters.length);
  if (begin < 0n || begin > BigInt(characters.length)) return fail(`index out of range: ${begin}`);
  if (stop < 0n || stop > BigInt(characters.length)) return fail(`index out of range: ${stop}`);
  if (begin > stop) return fail(`invalid substring range. start: ${begin}, end: ${stop}`);
  return characters.slice(Number(begin), Number(stop)).join('');
};
method('substring', [string, int], string, substring);
method('substring', [string, int, int], string, substring);
method('trim', [string], string, ([text]: [string], charge) => {
  charge(Math.ceil(text.length * 0.1));
  return text.trim();
});
method('reverse', [string], string, ([text]: [string], charge) => points(text, charge).reverse().join(''));
method('format', [string, list], string, ([text, values]: [string, CelList], charge) => formatText(text, itemsOf(values), charge));
global('jsonpatch.escapeKey', [string], string, ([key]: [string]) => key.replace(/[~/]/g, (character) => (character === '~' ? '~0' : '~1')));
global('strings.quote', [string], string, ([text]: [string]) => JSON.stringify(text));
const join = ([values, separator = '']: [CelList, string?], charge: Charge): string => {
  const texts = itemsOf(values);
  if (texts.some((text) => typeof text !== 'string')) return fail('no such overload');
  const result = texts.join(separator);
  charge(Math.ceil(result.length * 0.1));
  return result;
};
method('join', [listOf(string)], string, join);
method('join', [listOf(string), string], string, join);

function replaceText(text: string, from: string, to: string, limit: bigint, charge: Charge): string {
  charge(Math.ceil(text.length * 0.1 + (limit === 0n ? 0 : text.length * to.length * 0.1 / Math.max(from.length, 1))));
  let rest = limit < 0n ? Infinity : Number(limit);
  const pieces = from === '' ? ['', ...Array.from(text), ''] : text.split(from);
  return pieces.reduce((result, piece, index) => (index === 0 ? piece : result + (rest-- > 0 ? to : from) + piece));
}

function splitText(text: string, separator: string, limit: bigint, charge: Charge): List {
  charge(Math.ceil(text.length * 0.1));
  if (limit === 0n) return new List([]);
  const pieces = separator === '' ? Array.from(text) : text.split(separator);
  if (limit < 0n || BigInt(pieces.length) <= limit) return new List(pieces);
  const count = Number(limit) - 1;
  return new List([...pieces.slice(0, count), pieces.slice(count).join(separator)]);
}

// Regular expressions, with RE2's bound on time. Those of one expression are nearly always literals.
const expressions = new Map<string, RegularExpression>();
const maxExpressions = 200;

export function regularExpression(source: string): RegularExpression {
  const known = expressions.get(source);
  if (known) return known;
  try {
    const made = new RegularExpression(source);
    if (expressions.size >= maxExpressions) expressions.delete(expressions.keys().next().value!);
    expressions.set(source, made);
    return made;
  } catch (error) {
    if (error instanceof PatternError) return fail(error.message);
    throw error;
  }
}

const matching = (text: string, source: string, charge: Charge): RegularExpression => {
  charge(Math.ceil((text.length + 1) * 0.1 * Math.max(1, source.length * 0.25)));
  return regularExpression(source);
};
method('matches', [string, string], bool, ([text, source]: [string, string], charge) => matching(text, source, charge).test(text));
global('matches', [string, string], bool, ([text, source]: [string, string], charge) => matching(text, source, charge).test(text));
method('find', [string, string], string, ([text, source]: [string, string], charge) => matching(text, source, charge).find(text)?.text ?? '');
method('findAll', [string, string], listOf(string), ([text, source]: [string, string], charge) => new List(matching(text, source, charge).findAll(text).map((match) => match.text)));
method('findAll', [string, string, int], listOf(string), ([text, source, limit]: [string, string, bigint], charge) => new List(matching(text, source, charge).findAll(text, Number(limit)).map((match) => match.text)));

// Lists.
const elementOf = (types: readonly CelType[]): CelType => (types[0]?.kind === 'list' ? types[0].element : dyn);
const ordered = (values: CelList, charge: Charge): unknown[] => {
  charge(values.size);
  return itemsOf(values);
};
const order = (a: unknown, b: unknown): number => compare(a, b) ?? fail('no such overload');
method('isSorted', [list], bool, ([values]: [CelList], charge) => ordered(values, charge).every((item, index, all) => index === 0 || order(all[index - 1], item) <= 0));
method('min', [list], elementOf, ([values]: [CelList], charge) => {
  const items = ordered(values, charge);
  return items.length === 0 ? fail('min called on empty list') : items.reduce((best, item) => (order(item, best) < 0 ? item : best));
});
method('max', [list], elementOf, ([values]: [CelList], charge) => {
  const items = ordered(values, charge);
  return items.length === 0 ? fail('max called on empty list') : items.reduce((best, item) => (order(item, best) > 0 ? item : best));
});
method('sum', [list], elementOf, ([values]: [CelList], charge) => {
  const items = ordered(values, charge);
  if (items.length === 0) return 0n;
  return items.reduce((sum, item) => add(sum, item));
});
method('indexOf', [list, dyn], int, ([values, wanted]: [CelList, unknown], charge) => BigInt(itemsOf(values).findIndex((item) => equal(item, wanted, charge))));
method('lastIndexOf', [list, dyn], int, ([values, wanted]: [CelList, unknown], charge) => BigInt(itemsOf(values).findLastIndex((item) => equal(item, wanted, charge))));
const same = (types: readonly CelType[]): CelType => types[0] ?? dyn;
method('sort', [list], same, ([values]: [CelList], charge) => new List(ordered(values, charge).sort(order)));
method('reverse', [list], same, ([values]: [CelList], charge) => new List(ordered(values, charge).reverse()));
method('distinct', [list], same, ([values]: [CelList], charge) => new List(distinct(itemsOf(values), charge)));
method('slice', [list, int, int], same, ([values, begin, end]: [CelList, bigint, bigint]) => {
  if (begin < 0n || end > BigInt(values.size) || begin > end) return fail(`cannot slice(${begin}, ${end}), list is length ${values.size}`);
  return new List(itemsOf(values).slice(Number(begin), Number(end)));
});
method('flatten', [list], list, ([values]: [CelList], charge) => new List(ordered(values, charge).flatMap((item) => (isList(item) ? itemsOf(item) : [item]))));
global('lists.range', [int], listOf(int), ([count]: [bigint], charge) => {
  charge(Number(count));
  return new List(Array.from({ length: Number(count) }, (_, index) => BigInt(index)));
});

function distinct(items: readonly unknown[], charge: Charge): unknown[] {
  return items.reduce<unknown[]>((kept, item) => (kept.some((other) => equal(other, item, charge)) ? kept : [...kept, item]), []);
}

export function add(a: unknown, b: unknown): unknown {
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkInt(a + b);
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof Uint && b instanceof Uint) return checkUint(a.value + b.value);
  if (a instanceof Duration && b instanceof Duration) return new Duration(checkInt(a.nanoseconds + b.nanoseconds));
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.nanoseconds + b.nanoseconds);
  if (a instanceof Duration && b instanceof Timestamp) return new Timestamp(a.nanoseconds + b.nanoseconds);
  return fail('no such overload');
}

// Sets.
const covers = (all: CelList, some: CelList, charge: Charge): boolean => itemsOf(some).every((item) => itemsOf(all).some((other) => equal(other, item, charge)));
const set = (name: string, test: (a: CelList, b: CelList, charge: Charge) => boolean): void => global(`sets.${name}`, [list, list], bool, ([a, b]: [CelList, CelList], charge) => {
  charge(a.size * b.size);
  return test(a, b, charge);
});
set('contains', covers);
set('equivalent', (a, b, charge) => covers(a, b, charge) && covers(b, a, charge));
set('intersects', (a, b, charge) => itemsOf(a).some((item) => itemsOf(b).some((other) => equal(other, item, charge))));

// Optionals.
const valueOf = (types: readonly CelType[]): CelType => (types[0]?.kind === 'optional' ? types[0].value : dyn);
const someOptional = optionalOf(dyn);
global('optional.of', [dyn], (types) => optionalOf(types[0]!), ([value]) => new Optional(true, value));
global('optional.none', [], optionalOf(dyn), () => none);
global('optional.ofNonZeroValue', [dyn], (types) => optionalOf(types[0]!), ([value]) => (isZero(value) ? none : new Optional(true, value)));
method('hasValue', [someOptional], bool, ([value]: [Optional]) => value.present);
method('value', [someOptional], valueOf, ([value]: [Optional]) => (value.present ? value.value : fail('optional.none() dereference')));
method('orValue', [someOptional, dyn], (types) => { const own = valueOf(types); return own.kind === 'dyn' ? types[1]! : own; }, ([value, other]: [Optional, unknown]) => (value.present ? value.value : other));
method('or', [someOptional, someOptional], same, ([value, other]: [Optional, Optional]) => (value.present ? value : other));

function isZero(value: unknown): boolean {
  if (isList(value) || value instanceof CelMap) return value.size === 0;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanoseconds === 0n;
  return value === null || value === '' || value === 0n || value === 0 || value === false;
}

// Quantities.
const quantity = opaque('kubernetes.Quantity');
const makeQuantity = (text: string): Opaque => {
  if (!isQuantity(text)) return fail("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  return new Opaque('kubernetes.Quantity', canonicalQuantity(text));
};
const amount = (value: Opaque): bigint => parseQuantity(value.value as string);
/** parseQuantity counts in these. */
const one = parseQuantity('1');
const toQuantity = (value: bigint): Opaque => new Opaque('kubernetes.Quantity', canonicalQuantity(value % one === 0n ? String(value / one) : `${Number(value * 1000n / one)}m`));
global('quantity', [string], quantity, ([text]: [string]) => makeQuantity(text));
global('isQuantity', [string], bool, ([text]: [string]) => isQuantity(text));
for (const [name, test] of [['isLessThan', (a: bigint, b: bigint) => a < b], ['isGreaterThan', (a: bigint, b: bigint) => a > b]] as const) {
  method(name, [quantity, quantity], bool, ([a, b]: [Opaque, Opaque]) => test(amount(a), amount(b)));
}
method('compareTo', [quantity, quantity], int, ([a, b]: [Opaque, Opaque]) => (amount(a) < amount(b) ? -1n : amount(a) > amount(b) ? 1n : 0n));
method('sign', [quantity], int, ([a]: [Opaque]) => (amount(a) < 0n ? -1n : amount(a) > 0n ? 1n : 0n));
method('add', [quantity, quantity], quantity, ([a, b]: [Opaque, Opaque]) => toQuantity(amount(a) + amount(b)));
method('add', [quantity, int], quantity, ([a, b]: [Opaque, bigint]) => toQuantity(amount(a) + b * one));
method('sub', [quantity, quantity], quantity, ([a, b]: [Opaque, Opaque]) => toQuantity(amount(a) - amount(b)));
method('sub', [quantity, int], quantity, ([a, b]: [Opaque, bigint]) => toQuantity(amount(a) - b * one));
method('isInteger', [quantity], bool, ([a]: [Opaque]) => amount(a) % one === 0n);
method('asInteger', [quantity], int, ([a]: [Opaque]) => (amount(a) % one === 0n ? checkInt(amount(a) / one) : fail('cannot convert value to integer')));
method('asApproximateFloat', [quantity], double, ([a]: [Opaque]) => Number(amount(a)) / Number(one));

// Addresses.
const ip = opaque('net.IP');
const cidr = opaque('net.CIDR');
const makeIp = (text: string): Opaque => (isIP(text) && !text.includes('%') && !/^::ffff:\d+\./i.test(text) ? new Opaque('net.IP', canonicalIp(text)) : fail(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`));
const splitCidr = (text: string): [string, number] | undefined => {
  const [address = '', length = '', more] = text.split('/');
  if (more !== undefined || !isIP(address) || !/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > (isIPv4(address) ? 32 : 128)) return undefined;
  return [address, Number(length)];
};
const makeCidr = (text: string): Opaque => (splitCidr(text) ? new Opaque('net.CIDR', text) : fail(`network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): no '/'`));
const family = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6');
const within = (network: string, address: string): boolean => {
  const [base, length] = splitCidr(network)!;
  const block = new BlockList();
  block.addSubnet(base, length, family(base));
  return family(base) === family(address) && block.check(address, family(address));
};

function canonicalIp(text: string): string {
  return isIPv4(text) ? text : new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function firstOf(network: string): string {
  const [base, length] = splitCidr(network)!;
  if (!isIPv4(base)) return canonicalIp(expandIpv6(base).map((group, index) => {
    const kept = Math.max(0, Math.min(16, length - index * 16));
    return (group & (0xffff << (16 - kept)) & 0xffff).toString(16);
  }).join(':'));
  const value = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const masked = length === 0 ? 0 : Math.floor(value / 2 ** (32 - length)) * 2 ** (32 - length);
  return [24, 16, 8, 0].map((shift) => Math.floor(masked / 2 ** shift) % 256).join('.');
}

function expandIpv6(text: string): number[] {
  const [head = '', tail] = canonicalIp(text).split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groups(head), tail === undefined ? [] : groups(tail)];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

global('ip', [string], ip, ([text]: [string]) => makeIp(text));
global('isIP', [string], bool, ([text]: [string]) => isIP(text) !== 0 && !text.includes('%') && !/^::ffff:\d+\./i.test(text));
global('ip.isCanonical', [string], bool, ([text]: [string]) => makeIp(text).value === text);
method('family', [ip], int, ([value]: [Opaque]) => (isIPv4(value.value as string) ? 4n : 6n));
const inNetworks = (name: string, networks: readonly string[]): void => method(name, [ip], bool, ([value]: [Opaque]) => networks.some((network) => within(network, value.value as string)));
inNetworks('isUnspecified', ['0.0.0.0/32', '::/128']);
inNetworks('isLoopback', ['127.0.0.0/8', '::1/128']);
inNetworks('isLinkLocalMulticast', ['224.0.0.0/24', 'ff02::/16']);
inNetworks('isLinkLocalUnicast', ['169.254.0.0/16', 'fe80::/10']);
method('isGlobalUnicast', [ip], bool, ([value]: [Opaque]) => !['0.0.0.0/32', '::/128', '127.0.0.0/8', '::1/128', '224.0.0.0/4', 'ff00::/8', '169.254.0.0/16', 'fe80::/10', '255.255.255.255/32'].some((network) => within(network, value.value as string)));
global('cidr', [string], cidr, ([text]: [string]) => makeCidr(text));
global('isCIDR', [string], bool, ([text]: [string]) => splitCidr(text) !== undefined);
method('containsIP', [cidr, ip], bool, ([network, value]: [Opaque, Opaque]) => within(network.value as string, value.value as string));
method('containsIP', [cidr, string], bool, ([network, value]: [Opaque, string]) => within(network.value as string, makeIp(value).value as string));
const containsCidr = (outer: string, inner: string): boolean => splitCidr(outer)![1] <= splitCidr(inner)![1] && within(outer, splitCidr(inner)![0]);
method('containsCIDR', [cidr, cidr], bool, ([outer, inner]: [Opaque, Opaque]) => containsCidr(outer.value as string, inner.value as string));
method('containsCIDR', [cidr, string], bool, ([outer, inner]: [Opaque, string]) => containsCidr(outer.value as string, makeCidr(inner).value as string));
method('ip', [cidr], ip, ([network]: [Opaque]) => new Opaque('net.IP', canonicalIp(splitCidr(network.value as string)![0])));
method('masked', [cidr], cidr, ([network]: [Opaque]) => new Opaque('net.CIDR', `${firstOf(network.value as string)}/${splitCidr(network.value as string)![1]}`));
method('prefixLength', [cidr], int, ([network]: [Opaque]) => BigInt(splitCidr(network.value as string)![1]));

// URLs.
const url = opaque('kubernetes.URL');
const isUrl = (text: string): boolean => (text.startsWith('/') ? URL.canParse(text, 'http://x') : /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && URL.canParse(text));
const urlOf = (value: Opaque): URL => new URL(value.value as string, 'http://relative.invalid');
const isRelative = (value: Opaque): boolean => (value.value as string).startsWith('/');
global('url', [string], url, ([text]: [string]) => (isUrl(text) ? new Opaque('kubernetes.URL', text) : fail(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`)));
global('isURL', [string], bool, ([text]: [string]) => isUrl(text));
method('getScheme', [url], string, ([value]: [Opaque]) => (isRelative(value) ? '' : urlOf(value).protocol.slice(0, -1)));
method('getHost', [url], string, ([value]: [Opaque]) => (isRelative(value) ? '' : /^[^:]+:\/\/(?:[^@/?#]*@)?([^/?#]*)/.exec(value.value as string)?.[1] ?? ''));
method('getHostname', [url], string, ([value]: [Opaque]) => (isRelative(value) ? '' : urlOf(value).hostname.replace(/^\[|\]$/g, '')));
method('getPort', [url], string, ([value]: [Opaque]) => (isRelative(value) ? '' : /^[^:]+:\/\/(?:[^@/?#]*@)?[^/?#]*?:(\d+)(?:[/?#]|$)/.exec(value.value as string)?.[1] ?? ''));
method('getEscapedPath', [url], string, ([value]: [Opaque]) => /^(?:[^:/?#]+:)?(?:\/\/[^/?#]*)?([^?#]*)/.exec(value.value as string)?.[1] ?? '');
method('getQuery', [url], mapOf(string, listOf(string)), ([value]: [Opaque]) => {
  const query: Record<string, string[]> = {};
  for (const [name, text] of urlOf(value).searchParams) (query[name] ??= []).push(text);
  return query;
});
