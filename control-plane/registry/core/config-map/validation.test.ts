import { describe, expect, test } from 'vitest';
import type { ConfigMap } from '../../../../api/core.ts';
import { validateConfigMap, validateConfigMapUpdate } from './validation.ts';

function problems(configMap: ConfigMap): string[] {
  return validateConfigMap(configMap).map((error) => `${error.field}: ${error.message}`);
}

describe('ConfigMaps', () => {
  test('take keys that can be file names', () => {
    expect(problems({ data: { 'a.b-C_1': 'x' }, binaryData: { other: 'AAA=' } })).toEqual([]);
    expect(problems({ data: { 'a/b': '' } })).toEqual(["data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"]);
    expect(problems({ data: { '..': '' }, binaryData: { '..x': '' } })).toEqual(["data[..]: Invalid value: \"..\": must not be '..'", "binaryData[..x]: Invalid value: \"..x\": must not start with '..'"]);
    expect(problems({ data: { a: '' }, binaryData: { a: '' } })).toEqual(['data[a]: Invalid value: "a": duplicate of key present in binaryData']);
  });

  test('are no bigger than a MiB, both kinds of values together', () => {
    const half = 'x'.repeat(512 * 1024);
    expect(problems({ data: { a: half }, binaryData: { b: Buffer.from(half).toString('base64') } })).toEqual([]);
    expect(problems({ data: { a: `${half}x` }, binaryData: { b: Buffer.from(half).toString('base64') } })).toEqual(['[]: Too long: may not be more than 1048576 bytes']);
  });

  test('stay as they are once immutable', () => {
    const old: ConfigMap = { immutable: true, data: { a: '1' } };
    expect(validateConfigMapUpdate({ ...old, metadata: { labels: { x: 'y' } } }, old)).toEqual([]);
    expect(validateConfigMapUpdate({ data: { a: '2' } }, old).map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set', 'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(validateConfigMapUpdate({ data: { a: '2' } }, { data: { a: '1' } })).toEqual([]);
  });
});
