/** Builders of field errors, worded as k8s.io/apimachinery/pkg/util/validation/field words them. */
import type { FieldError } from '../../../api/errors.ts';

export type { FieldError };

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

/** A value as messages show it: strings quoted, the rest as JSON. */
export function showValue(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

export function required(field: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', field, message: withDetail('Required value', detail) };
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: withDetail(`Invalid value: ${showValue(value)}`, detail) };
}

/** As invalid, where the value would not help. */
export function omitted(field: string, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: withDetail('Invalid value', detail) };
}

/** @param supported in the order that the message lists them; Kubernetes sorts. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((text) => JSON.stringify(text)).join(', ');
  return { reason: 'FieldValueNotSupported', field, message: withDetail(`Unsupported value: ${showValue(value)}`, list && `supported values: ${list}`) };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${showValue(value)}` };
}

export function forbidden(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', field, message: withDetail('Forbidden', detail) };
}

export function notFound(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueNotFound', field, message: `Not found: ${showValue(value)}` };
}

/** @param limit bytes. */
export function tooLong(field: string, limit: number): FieldError {
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${limit} ${limit === 1 ? 'byte' : 'bytes'}` };
}

export function tooMany(field: string, actual: number, limit: number): FieldError {
  return { reason: 'FieldValueTooMany', field, message: `Too many: ${actual}: must have at most ${limit} ${limit === 1 ? 'item' : 'items'}` };
}

/** One error per text of a rule: rules say what is wrong with a string, or nothing. A missing string is an empty one. */
export function check(field: string, given: string | undefined, rule: (value: string) => string[]): FieldError[] {
  const value = given ?? '';
  return rule(value).map((text) => invalid(field, value, text));
}

/** The value, where it is set, must be one of those. */
export function oneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  if (!value) return [required(field)];
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

/** As oneOf, for a field that may be left out. */
export function oneOfIfSet(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined ? [] : oneOf(field, value, supported);
}

/** As oneOfIfSet, for a field where an empty text is a value like another. */
export function supportedIfSet(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

export const notNegativeMessage = 'must be greater than or equal to 0';

export function notNegative(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, notNegativeMessage)] : [];
}

export function positive(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value <= 0 ? [invalid(field, value, 'must be greater than 0')] : [];
}

export function between(field: string, value: number | undefined, [low, high]: readonly [number, number]): FieldError[] {
  return value !== undefined && (value < low || value > high) ? [invalid(field, value, `must be between ${low} and ${high}, inclusive`)] : [];
}

/** A port that has to be there. */
export function portNumber(field: string, value: number | undefined): FieldError[] {
  return between(field, value ?? 0, [1, 65535]);
}

/** A field that an update may not change. Equality is the caller's: it knows what counts as the same. */
export function immutable(field: string, value: unknown, same: boolean): FieldError[] {
  return same ? [] : [invalid(field, value, 'field is immutable')];
}
