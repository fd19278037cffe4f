/** Names of field managers. Follows k8s.io/apimachinery/pkg/apis/meta/v1/validation. */
import type { ObjectMeta } from '../../../api/meta.ts';
import { invalid, tooLong, type FieldError } from './field-errors.ts';

export const maxFieldManagerBytes = 128;
const maxSubresourceBytes = 256;

/** Almost all: nothing more is to be asked of these. */
const plainName = /^[\x20-\x7e]{0,128}$/;
/** As Go's unicode.IsPrint sees it. */
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

export function validateFieldManager(manager: string, path: string): FieldError[] {
  if (plainName.test(manager)) return [];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > maxFieldManagerBytes) errors.push(tooLong(path, maxFieldManagerBytes));
  for (const { 0: character, index } of manager.matchAll(unprintable)) {
    const point = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
    errors.push(invalid(path, manager, `invalid character ${point} (at position ${Buffer.byteLength(manager.slice(0, index))})`));
  }
  return errors;
}

/** A name that was not asked for as such (the start of a User-Agent), without what no name may have. */
export function printableManager(name: string): string {
  if (plainName.test(name)) return name;
  let result = '';
  let bytes = 0;
  for (const character of name.replace(unprintable, '')) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxFieldManagerBytes) break;
    result += character;
  }
  return result;
}

/** Those that a client or a webhook sent. What they say they own was read before. */
export function validateManagedFields(entries: ObjectMeta['managedFields'], path: string): FieldError[] {
  return (entries ?? []).flatMap(({ manager = '', subresource = '' }, index) => [
    ...validateFieldManager(manager, `${path}[${index}].manager`),
    ...(subresource.length > maxSubresourceBytes ? [tooLong(`${path}[${index}].subresource`, maxSubresourceBytes)] : []),
  ]);
}
