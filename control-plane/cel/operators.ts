/** What operators, indexes and loops do with the values they are given, and the types that come of them. */
import { add, checkInt, checkUint, type Charge } from './functions.ts';
import { CelEvaluationError } from './program.ts';
import { bool, duration, dyn, formatType, isAssignable, isDynamic, listOf, string, timestamp, type CelType } from './types.ts';
import { CelMap, compare, Duration, equal, isList, List, none, Optional, Timestamp, typeNameOf, Uint } from './values.ts';

export function* iterate(value: unknown, variables: number): Iterable<readonly unknown[]> {
  if (isList(value)) for (let index = 0; index < value.size; index++) yield variables === 1 ? [value.at(index)] : [BigInt(index), value.at(index)];
  else if (value instanceof CelMap) for (const key of value.keys()) yield variables === 1 ? [key] : [key, value.get(key)];
  else throw noOverload();
}

export function selectOptional(value: unknown, field: string): Optional {
  if (value instanceof Optional && !value.present) return none;
  const inner = value instanceof Optional ? value.value : value;
  if (!(inner instanceof CelMap)) throw new CelEvaluationError(`unsupported type for field selection: ${typeNameOf(inner)}`);
  const found = inner.get(field);
  return found === undefined ? none : new Optional(true, found);
}

export function find(value: unknown, key: unknown): unknown {
  if (value instanceof CelMap) return value.get(key);
  if (!isList(value)) throw noOverload();
  const index = key instanceof Uint ? Number(key.value) : typeof key === 'bigint' || (typeof key === 'number' && Number.isInteger(key)) ? Number(key) : undefined;
  if (index === undefined) throw noOverload();
  return index >= 0 && index < value.size ? value.at(index) : undefined;
}

export function lookUp(value: unknown, key: unknown): unknown {
  const found = find(value, key);
  if (found !== undefined) return found;
  const shown = key instanceof Uint ? key.value : key;
  throw new CelEvaluationError(value instanceof CelMap ? `no such key: ${String(shown)}` : `index out of bounds: ${String(shown)}`);
}

export function joined(types: readonly CelType[]): CelType {
  const [first] = types;
  if (!first) return dyn;
  return types.every((type) => formatType(type) === formatType(first)) ? first : types.every((type) => type.kind === 'null' || isAssignable(first, type)) && first.kind !== 'null' ? first : dyn;
}

const numeric = new Set(['int', 'uint', 'double']);

export function binaryType(op: string, a: CelType, b: CelType): CelType | undefined {
  const dynamic = isDynamic(a) || isDynamic(b);
  switch (op) {
    case '==':
    case '!=': return isAssignable(a, b) || isAssignable(b, a) || (numeric.has(a.kind) && numeric.has(b.kind)) ? bool : undefined;
    case 'in':
      if (isDynamic(b)) return bool;
      if (b.kind === 'list') return isAssignable(b.element, a) ? bool : undefined;
      return b.kind === 'map' && isAssignable(b.key, a) ? bool : b.kind === 'object' && isAssignable(string, a) ? bool : undefined;
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (dynamic) return bool;
      if (numeric.has(a.kind) && numeric.has(b.kind)) return bool;
      return a.kind === b.kind && ['string', 'bool', 'bytes', 'timestamp', 'duration'].includes(a.kind) ? bool : undefined;
    default: break;
  }
  if (dynamic) return isDynamic(a) ? (isDynamic(b) ? dyn : numeric.has(b.kind) ? b : dyn) : numeric.has(a.kind) ? a : dyn;
  if (a.kind === b.kind && numeric.has(a.kind)) return op === '%' && a.kind === 'double' ? undefined : a;
  if (op === '+') {
    if (a.kind === 'list' && b.kind === 'list') return listOf(joined([a.element, b.element]));
    if (a.kind === b.kind && ['string', 'bytes', 'duration'].includes(a.kind)) return a;
    if ((a.kind === 'timestamp' && b.kind === 'duration') || (a.kind === 'duration' && b.kind === 'timestamp')) return timestamp;
  }
  if (op === '-') {
    if (a.kind === 'duration' && b.kind === 'duration') return duration;
    if (a.kind === 'timestamp') return b.kind === 'timestamp' ? duration : b.kind === 'duration' ? timestamp : undefined;
  }
  return undefined;
}

export function applyBinary(op: string, a: unknown, b: unknown, charge: Charge): unknown {
  switch (op) {
    case '==': return equal(a, b, charge);
    case '!=': return !equal(a, b, charge);
    case 'in': return contains(b, a, charge);
    case '+': return plus(a, b, charge);
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const order = compare(a, b);
      if (order === undefined) throw noOverload();
      return op === '<' ? order < 0 : op === '<=' ? order <= 0 : op === '>' ? order > 0 : order >= 0;
    }
    default: return arithmetic(op, a, b);
  }
}

function contains(value: unknown, wanted: unknown, charge: Charge): boolean {
  if (value instanceof CelMap) return value.get(wanted) !== undefined;
  if (!isList(value)) throw noOverload();
  for (let index = 0; index < value.size; index++) {
    charge(1);
    if (equal(value.at(index), wanted, charge)) return true;
  }
  return false;
}

function plus(a: unknown, b: unknown, charge: Charge): unknown {
  if (typeof a === 'string' && typeof b === 'string') {
    charge(Math.ceil((a.length + b.length) * 0.1));
    return a + b;
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    charge(Math.ceil((a.length + b.length) * 0.1));
    return new Uint8Array(Buffer.concat([a, b]));
  }
  if (isList(a) && isList(b)) {
    charge(a.size + b.size);
    return new List([...iterate(a, 1), ...iterate(b, 1)].map(([item]) => item));
  }
  return add(a, b);
}

function arithmetic(op: string, a: unknown, b: unknown): unknown {
  if (op === '-') {
    if (a instanceof Timestamp && b instanceof Timestamp) return new Duration(checkInt(a.nanoseconds - b.nanoseconds));
    if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.nanoseconds - b.nanoseconds);
    if (a instanceof Duration && b instanceof Duration) return new Duration(checkInt(a.nanoseconds - b.nanoseconds));
  }
  if (typeof a === 'number' && typeof b === 'number') return op === '-' ? a - b : op === '*' ? a * b : op === '/' ? a / b : fail('no such overload');
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkInt(integers(op, a, b));
  if (a instanceof Uint && b instanceof Uint) return checkUint(integers(op, a.value, b.value));
  throw noOverload();
}

function integers(op: string, a: bigint, b: bigint): bigint {
  switch (op) {
    case '-': return a - b;
    case '*': return a * b;
    case '/': return b === 0n ? fail('division by zero') : a / b;
    default: return b === 0n ? fail('modulus by zero') : a % b;
  }
}

function fail(message: string): never {
  throw new CelEvaluationError(message);
}

export function noOverload(): CelEvaluationError {
  return new CelEvaluationError('no such overload');
}

/** Whether an overload takes a value. */
export function accepts(type: CelType, value: unknown): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'intOrString': return true;
    case 'list': return isList(value);
    case 'map':
    case 'object': return value instanceof CelMap;
    case 'optional': return value instanceof Optional;
    case 'null': return value === null;
    case 'timestamp': return value instanceof Timestamp;
    case 'duration': return value instanceof Duration;
    default: return typeNameOf(value) === formatType(type);
  }
}
