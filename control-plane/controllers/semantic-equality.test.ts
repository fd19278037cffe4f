import { describe, expect, it } from 'vitest';
import { semanticEqual } from './semantic-equality.ts';

describe('semanticEqual', () => {
  it.each([
    { name: 'the order of fields', left: { a: 1, b: 2 }, right: { b: 2, a: 1 }, want: true },
    { name: 'the order of lists', left: [1, 2], right: [2, 1], want: false },
    { name: 'null, absent and empty', left: { a: null, b: [], c: {} }, right: {}, want: true },
    { name: 'nested emptiness', left: { metadata: { labels: {} } }, right: {}, want: true },
    { name: 'zero and false are values', left: { replicas: 0, paused: false }, right: {}, want: false },
    { name: 'an empty selector is not none', left: { labelSelector: {} }, right: {}, want: false },
    { name: 'emptyDir is a volume', left: { volumes: [{ name: 'a', emptyDir: {} }] }, right: { volumes: [{ name: 'a' }] }, want: false },
    { name: 'a list and a map', left: { a: [1] }, right: { a: { 0: 1 } }, want: false },
  ])('$name', ({ left, right, want }) => {
    expect(semanticEqual(left, right)).toBe(want);
    expect(semanticEqual(right, left)).toBe(want);
  });
});
