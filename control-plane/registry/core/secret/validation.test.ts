import { describe, expect, test } from 'vitest';
import type { Secret } from '../../../../api/core.ts';
import { defaultSecret } from './defaults.ts';
import { validateSecret, validateSecretUpdate } from './validation.ts';

function problems(secret: Secret): string[] {
  return validateSecret(secret).map((error) => `${error.field}: ${error.message}`);
}

const text = (value: string) => Buffer.from(value).toString('base64');

test('stringData becomes data and wins over it', () => {
  const secret: Secret = { data: { a: text('1'), b: text('2') }, stringData: { b: 'ä', c: '' } };
  defaultSecret(secret);
  expect(secret).toEqual({ type: 'Opaque', data: { a: text('1'), b: text('ä'), c: '' } });
});

describe('Secrets', () => {
  test.each<[Secret, string[]]>([
    [{ type: 'Opaque' }, []],
    [{ type: 'anything/else', data: { a: '' } }, []],
    [{ type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, ['data[tls.key]: Required value']],
    [{ type: 'kubernetes.io/basic-auth', data: { password: '' } }, []],
    [{ type: 'kubernetes.io/basic-auth' }, ['data[username]: Required value', 'data[password]: Required value']],
    [{ type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } }, ['data[ssh-privatekey]: Required value']],
    [{ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': text('{"auths":{}}') } }, []],
    [{ type: 'kubernetes.io/dockerconfigjson' }, ['data[.dockerconfigjson]: Required value']],
    [{ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': text('hunter2') } }, ['data[.dockercfg]: Invalid value: "<secret contents redacted>": invalid character \'h\' looking for beginning of value']],
    [{ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': text('[]') } }, ['data[.dockercfg]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}']],
    [{ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': text('null') } }, []],
    [{ type: 'kubernetes.io/service-account-token' }, ['metadata.annotations[kubernetes.io/service-account.name]: Required value']],
    [{ type: 'Opaque', data: { big: text('x'.repeat(1024 * 1024 + 1)) } }, ['data: Too long: may not be more than 1048576 bytes']],
    [{ type: 'Opaque', data: { '.': '' } }, ["data[.]: Invalid value: \".\": must not be '.'"]],
  ])('%.100j', (secret, expected) => expect(problems(secret)).toEqual(expected));

  test('keep their type, and their data once immutable', () => {
    const old: Secret = { type: 'Opaque', immutable: true, data: { a: text('1') } };
    expect(validateSecretUpdate(old, old)).toEqual([]);
    expect(validateSecretUpdate({ ...old, type: 'x', data: {} }, old).map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'type: Invalid value: "x": field is immutable', 'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });
});
