/** What the parts of an expression become: closures that are run with the values of its variables. */
import { checkInt, checkUint, type Charge } from './functions.ts';
import { noOverload } from './operators.ts';
import { bool, bytes, double, int, nullType, string, uint, type CelType } from './types.ts';
import { Optional, Uint } from './values.ts';

export interface Scope {
  readonly locals: Map<string, unknown>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly charge: Charge;
}

export interface Compiled {
  type: CelType;
  run: (scope: Scope) => unknown;
}

export function literal(value: unknown): Compiled {
  const unsigned = typeof value === 'object' && value !== null && 'value' in value && !(value instanceof Uint8Array) ? new Uint(value.value as bigint) : undefined;
  if (unsigned) return { type: uint, run: () => checkUint(unsigned.value) };
  switch (typeof value) {
    case 'bigint': return { type: int, run: () => checkInt(value) };
    case 'number': return { type: double, run: () => value };
    case 'string': return { type: string, run: () => value };
    case 'boolean': return { type: bool, run: () => value };
    default: return value === null ? { type: nullType, run: () => null } : { type: bytes, run: () => value };
  }
}

/** Of an optional element. */
export function present(value: unknown): unknown[] {
  if (!(value instanceof Optional)) throw noOverload();
  return value.present ? [value.value] : [];
}

export function withLocals<T>(scope: Scope, values: readonly (readonly [string, unknown])[], run: (scope: Scope) => T): T {
  const locals = new Map(scope.locals);
  for (const [name, value] of values) locals.set(name, value);
  return run({ ...scope, locals });
}
