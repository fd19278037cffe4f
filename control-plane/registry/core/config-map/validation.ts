/** Validation of ConfigMaps, beyond metadata. Follows pkg/apis/core/validation. */
import type { ConfigMap } from '../../../../api/core.ts';
import { deepEqual } from '../../deep-equal.ts';
import { check, forbidden, invalid, tooLong, type FieldError } from '../../validation/field-errors.ts';
import { configMapKey } from '../../validation/names.ts';

/** Bytes of all values of a ConfigMap or Secret. */
export const maxDataBytes = 1024 * 1024;

const immutableMessage = 'field is immutable when `immutable` is set';

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of Object.keys(data)) {
    errors.push(...check(`data[${key}]`, key, configMapKey));
    if (Object.hasOwn(binaryData, key)) errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
  }
  for (const key of Object.keys(binaryData)) errors.push(...check(`binaryData[${key}]`, key, configMapKey));
  const size = byteLength(Object.values(data), 'utf8') + byteLength(Object.values(binaryData), 'base64');
  // The path of nothing in particular, as Kubernetes writes it.
  if (size > maxDataBytes) errors.push(tooLong('[]', maxDataBytes));
  return errors;
}

export function byteLength(values: readonly string[], encoding: BufferEncoding): number {
  return values.reduce((sum, value) => sum + Buffer.byteLength(value, encoding), 0);
}

export function validateConfigMapUpdate(configMap: ConfigMap, old: ConfigMap): FieldError[] {
  return [...validateImmutableData(configMap, old, ['data', 'binaryData']), ...validateConfigMap(configMap)];
}

type WithData = { immutable?: boolean } & { [Field in 'data' | 'binaryData']?: { [key: string]: string } };

/** Once `immutable` is set it stays, and so do the named fields. */
export function validateImmutableData(object: WithData, old: WithData, fields: readonly ('data' | 'binaryData')[]): FieldError[] {
  if (!old.immutable) return [];
  return [
    ...(object.immutable ? [] : [forbidden('immutable', immutableMessage)]),
    ...fields.flatMap((field) => (deepEqual(object[field] ?? {}, old[field] ?? {}) ? [] : [forbidden(field, immutableMessage)])),
  ];
}
