import fc from 'fast-check';
import jsonPatchLibrary from 'fast-json-patch';
import { describe, expect, test } from 'vitest';
import { StatusError } from '../errors.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import type { JsonObject } from './patch-error.ts';

function patchText(type: 'json' | 'merge', original: object, text: string): object {
  return (type === 'json' ? applyJsonPatch : applyMergePatch)(original, JSON.parse(text));
}

function refusal(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    return error as StatusError;
  }
  throw new Error('accepted');
}

/** Plain values; JSON.parse drops `-0`, and `__proto__` is refused on purpose. */
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'p')) as unknown);
const jsonObject = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd/e', '~'), json, { noNullPrototype: true });

describe('JSON patch', () => {
  const document = { a: { b: [1, 2, { c: 3 }] }, 'x/y': 1, 'm~n': 2 };

  test.each([
    [[{ op: 'add', path: '/a/b/1', value: 9 }], { ...document, a: { b: [1, 9, 2, { c: 3 }] } }],
    [[{ op: 'add', path: '/a/b/-', value: 9 }], { ...document, a: { b: [1, 2, { c: 3 }, 9] } }],
    [[{ op: 'replace', path: '/a/b/2/c', value: null }], { ...document, a: { b: [1, 2, { c: null }] } }],
    [[{ op: 'remove', path: '/a/b/0' }, { op: 'remove', path: '/x~1y' }], { a: { b: [2, { c: 3 }] }, 'm~n': 2 }],
    [[{ op: 'move', from: '/m~0n', path: '/a/q' }], { a: { b: document.a.b, q: 2 }, 'x/y': 1 }],
    [[{ op: 'copy', from: '/a/b/2', path: '/z' }, { op: 'replace', path: '/z/c', value: 4 }], { ...document, z: { c: 4 } }],
    [[{ op: 'test', path: '/a/b', value: [1, 2, { c: 3 }] }, { op: 'test', path: '/none', value: null }], document],
    [[{ op: 'replace', path: '', value: { new: 1 } }], { new: 1 }],
  ])('%j', (operations, expected) => {
    const before = structuredClone(document);
    expect(patchText('json', document, JSON.stringify(operations))).toEqual(expected);
    expect(document).toEqual(before);
  });

  test.each([
    [{ op: 'remove', path: '/none' }, 'path /none does not exist'],
    [{ op: 'replace', path: '/none', value: 1 }, 'path /none does not exist'],
    [{ op: 'add', path: '/none/x', value: 1 }, 'path /none does not exist'],
    [{ op: 'add', path: '/a/b/9', value: 1 }, 'invalid index 9 in path /a/b/9'],
    [{ op: 'remove', path: '/a/b/01' }, 'invalid index 01 in path /a/b/01'],
    [{ op: 'test', path: '/a/b/0', value: 2 }, 'testing value /a/b/0 failed'],
    [{ op: 'move', from: '/a', path: '/a/b/0' }, 'cannot move /a into itself'],
    [{ op: 'replace', path: '', value: 3 }, 'the patched document is no object'],
    [{ op: 'remove', path: '' }, 'cannot remove the whole document'],
  ])('%j does not apply', (operation, why) => {
    const error = refusal(() => patchText('json', document, JSON.stringify([operation])));
    expect(error.status).toEqual({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request', details: {},
    });
    expect(error.cause).toMatchObject({ message: why });
  });

  test.each(['{}', '[1]', '[{"op":"spam","path":"/a"}]', '[{"op":"add","path":"/a"}]', '[{"op":"remove","path":"a"}]', '[{"op":"move","path":"/a"}]', '[{"op":"remove","path":"/~2"}]'])('%s is malformed', (text) => {
    expect(refusal(() => patchText('json', document, text)).status).toMatchObject({ code: 400, reason: 'BadRequest', message: expect.stringContaining('error decoding patch: ') });
  });

  test('refuses too many operations and copies that grow without bound', () => {
    const many = JSON.stringify(Array(10_001).fill({ op: 'remove', path: '/a' }));
    expect(refusal(() => patchText('json', document, many)).status).toMatchObject({ code: 413, message: expect.stringContaining('10000, got 10001') });
    const doubling = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a/${index}` }));
    expect(refusal(() => patchText('json', { a: { x: 1 } }, JSON.stringify(doubling))).code).toBe(422);
  });

  test('does not reach prototypes', () => {
    expect(refusal(() => patchText('json', document, '[{"op":"add","path":"/__proto__","value":{"x":1}}]')).code).toBe(400);
    expect(refusal(() => patchText('json', document, '[{"op":"add","path":"/constructor/prototype/x","value":1}]')).code).toBe(422);
    expect(({} as JsonObject)['x']).toBeUndefined();
  });

  test('turns any document into any other, with operations that another implementation derives', () => {
    fc.assert(fc.property(jsonObject, jsonObject, (from, to) => {
      expect(applyJsonPatch(from, jsonPatchLibrary.compare(from, to))).toEqual(to);
    }));
  });
});

describe('JSON merge patch', () => {
  // The examples of RFC 7386, appendix A, that are about objects.
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j + %j', (original, patch, expected) => expect(patchText('merge', original, JSON.stringify(patch))).toEqual(expected));

  test('is idempotent and leaves the original alone', () => {
    fc.assert(fc.property(jsonObject, jsonObject, (original, patch) => {
      const before = structuredClone(original);
      const once = applyMergePatch(original, patch);
      expect(applyMergePatch(once, patch)).toEqual(once);
      expect(original).toEqual(before);
    }));
  });

  test('refuses what is no object', () => {
    expect(refusal(() => patchText('merge', {}, '[]')).code).toBe(400);
    expect(refusal(() => patchText('merge', {}, '{"__proto__":{"x":1}}')).code).toBe(400);
    expect(refusal(() => patchText('merge', {}, `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`)).code).toBe(400);
  });
});
