import { describe, expect, it } from 'vitest';
import { compileCel } from './compile.ts';
import { jsonPatchType, objectType } from './object-types.ts';
import { dyn, listOf } from './types.ts';

const object = { metadata: { name: 'web', labels: { 'a/b~c': 'x' } }, spec: { replicas: 2 } };
const run = (source: string, result = [dyn]) => compileCel(source, { variables: { object: dyn }, result, objects: true }).evaluate({ object });

describe('objects', () => {
  it.each<[string, unknown]>([
    ['Object{}', {}],
    ['Object{spec: Object.spec{replicas: 1 + 2}}', { spec: { replicas: 3n } }],
    ['Object{ metadata: Object.metadata {labels: {"env": "test"}} }', { metadata: { labels: { env: 'test' } } }],
    ['Object{spec: Object.spec{containers: [Object.spec.containers{name: object.metadata.name}]}}', { spec: { containers: [{ name: 'web' }] } }],
    ['Object{spec: Object.spec{?replicas: object.spec.?replicas, ?paused: object.spec.?paused}}', { spec: { replicas: 2n } }],
    ['Object{list: [1, 2, 3]}.list.map(x, x * 2)', [2n, 4n, 6n]],
    ['has(Object{a: 1}.a) && !has(Object{a: 1}.b)', true],
    ['Object{a: 1} == Object{a: 2 - 1}', true],
    ['"Object{a: 1}" + r\'JSONPatch{\'', 'Object{a: 1}JSONPatch{'],
    ['"a" in {"a": 1} ? [JSONPatch{op: "remove", path: "/x"}] : []', [{ op: 'remove', path: '/x' }]],
    ['[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b~c"), value: Object.any{x: 1}}]', [{ op: 'add', path: '/metadata/labels/a~1b~0c', value: { x: 1n } }]],
  ])('%s', (source, expected) => expect(run(source)).toEqual(expected));

  it.each([
    ['Invalid{}', "undeclared reference to 'Invalid'"],
    ['JSONPatch{op: 3}', "expected type of field 'op' is 'string' but provided type is 'int'"],
    ['JSONPatch{no: 3}', "undefined field 'no'"],
    ['Object{"a": 1}', 'Syntax error'],
  ])('%s is refused', (source, message) => expect(() => run(source)).toThrow(message));

  it('are made only where they may be', () => {
    expect(() => compileCel('Object{}', { variables: {} })).toThrow("undeclared reference to 'Object'");
    expect(() => run('Object.spec{}', [objectType('Object')])).toThrow('must evaluate to Object');
    expect(() => run('[1]', [listOf(jsonPatchType)])).toThrow('must evaluate to list(JSONPatch)');
  });

  it('are named after their places', () => {
    expect(() => run('Object{spec: Object.wrong{}}')).toThrow('type mismatch: unexpected type name "Object.wrong", expected "Object.spec", which matches field name path from root Object type');
    expect(() => run('Object{spec: Object.spec{containers: [Object.spec.container{}]}}')).toThrow('expected "Object.spec.containers"');
  });
});
