/** Numbers that may be a share: `1` or `25%`. Follows pkg/apis/apps/validation. */
import { invalid, notNegative, type FieldError } from './field-errors.ts';

export type IntOrPercent = number | string;

const percent = /^[0-9]+%$/;

/** A number that is not negative, or a share in percent. */
export function positiveIntOrPercent(field: string, value: IntOrPercent): FieldError[] {
  if (typeof value === 'number') return notNegative(field, value);
  return percent.test(value) ? [] : [invalid(field, value, "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')")];
}

export function atMostHundredPercent(field: string, value: IntOrPercent): FieldError[] {
  const tooMuch = typeof value === 'string' && percent.test(value) && Number.parseInt(value) > 100;
  return tooMuch ? [invalid(field, value, 'must not be greater than 100%')] : [];
}

/** The number before the sign too; 0 for a text that is none. */
export function intOrPercentNumber(value: IntOrPercent): number {
  if (typeof value === 'number') return value;
  return percent.test(value) || /^[+-]?\d+$/.test(value) ? Number.parseInt(value) : 0;
}
