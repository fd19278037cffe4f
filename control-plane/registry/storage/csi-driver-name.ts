import { required, tooLong, invalid, type FieldError } from '../validation/field-errors.ts';
import { dnsSubdomain } from '../validation/names.ts';

const maxNameBytes = 63;

/** The name of a CSI driver, where another object names it. */
export function validateCsiDriverName(field: string, name: string | undefined): FieldError[] {
  const text = name ?? '';
  return [
    ...(text ? [] : [required(field)]),
    ...(Buffer.byteLength(text) > maxNameBytes ? [tooLong(field, maxNameBytes)] : []),
    ...dnsSubdomain(text.toLowerCase()).map((problem) => invalid(field, text, problem)),
  ];
}
