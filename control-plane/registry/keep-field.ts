import type { Writable } from './writable.ts';

/** Gives `target` the field that `source` has, or takes it off where `source` has none. */
export function keepField<T extends object>(target: Writable<T>, source: T | undefined, field: keyof T): void {
  const value = source?.[field];
  if (value === undefined) Reflect.deleteProperty(target, field);
  else (target as T)[field] = value;
}
