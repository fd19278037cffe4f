/** Validation of Secrets, beyond metadata: each type has keys that it must have. Follows pkg/apis/core/validation. */
import type { Secret } from '../../../../api/core.ts';
import { jsonTypeName } from '../../../../api/decode/decode-error.ts';
import { jsonSyntaxError } from '../../../../api/decode/json-syntax-error.ts';
import { check, immutable, invalid, required, tooLong, type FieldError } from '../../validation/field-errors.ts';
import { configMapKey } from '../../validation/names.ts';
import { byteLength, maxDataBytes, validateImmutableData } from '../config-map/validation.ts';

const redacted = '<secret contents redacted>';
const serviceAccountNameAnnotation = 'kubernetes.io/service-account.name';

export function validateSecret(secret: Secret): FieldError[] {
  const data = secret.data ?? {};
  return [
    ...Object.keys(data).flatMap((key) => check(`data[${key}]`, key, configMapKey)),
    ...(byteLength(Object.values(data), 'base64') > maxDataBytes ? [tooLong('data', maxDataBytes)] : []),
    ...validateType(secret, data),
  ];
}

function validateType(secret: Secret, data: Readonly<Record<string, string>>): FieldError[] {
  const missing = (...keys: string[]) => keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`));
  switch (secret.type) {
    case 'kubernetes.io/service-account-token':
      return secret.metadata?.annotations?.[serviceAccountNameAnnotation] ? [] : [required(`metadata.annotations[${serviceAccountNameAnnotation}]`)];
    case 'kubernetes.io/dockercfg': return validateJsonKey(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson': return validateJsonKey(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const absent = missing('username', 'password');
      return absent.length === 2 ? absent : [];
    }
    case 'kubernetes.io/ssh-auth': return data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')];
    case 'kubernetes.io/tls': return missing('tls.crt', 'tls.key');
    default: return [];
  }
}

function validateJsonKey(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const value = data[key];
  if (value === undefined) return [required(`data[${key}]`)];
  const text = Buffer.from(value, 'base64').toString('utf8');
  try {
    const type = jsonTypeName(JSON.parse(text));
    return type === 'object' || type === 'null' ? [] : [invalid(`data[${key}]`, redacted, `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`)];
  } catch {
    // Shows one character, unlike the message of JSON.parse.
    return [invalid(`data[${key}]`, redacted, jsonSyntaxError(text))];
  }
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  return [
    ...immutable('type', secret.type ?? '', secret.type === old.type),
    ...validateImmutableData(secret, old, ['data']),
    ...validateSecret(secret),
  ];
}
