import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepClone } from './deep-clone.ts';
import { deepEqual } from './deep-equal.ts';

const json = fc.jsonValue({ maxDepth: 4 });

describe('deepClone', () => {
  it('gives an equal value that shares nothing', () => {
    fc.assert(fc.property(json, (value) => {
      const copy = deepClone(value);
      expect(copy).toEqual(value);
      if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value);
    }));
  });

  it('keeps an entry called __proto__ an entry', () => {
    const given = JSON.parse('{"data":{"__proto__":"x","a":"b"}}') as { data: Record<string, string> };
    expect(JSON.stringify(deepClone(given))).toBe('{"data":{"__proto__":"x","a":"b"}}');
  });

  it('leaves out what is undefined', () => {
    expect(Object.keys(deepClone({ a: undefined, b: null }))).toEqual(['b']);
  });
});

describe('deepEqual', () => {
  it('holds for a copy, and between JSON values exactly when their canonical text is the same', () => {
    fc.assert(fc.property(json, json, (left, right) => {
      expect(deepEqual(left, deepClone(left))).toBe(true);
      expect(deepEqual(left, right)).toBe(canonical(left) === canonical(right));
    }));
  });

  it.each<[unknown, unknown, boolean]>([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: undefined }, { b: 1 }, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [{}, null, false],
    [{ a: null }, {}, false],
    [{ constructor: 1 }, {}, false],
  ])('%j and %j: %s', (left, right, expected) => {
    expect(deepEqual(left, right)).toBe(expected);
    expect(deepEqual(right, left)).toBe(expected);
  });
});

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`;
}
