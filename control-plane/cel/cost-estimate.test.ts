import { describe, expect, it } from 'vitest';
import { estimateCost, unboundedCost, type SizedType } from './cost-estimate.ts';
import { bool, double, dyn, duration, int, listOf, mapOf, string, type CelType } from './types.ts';

const cost = (source: string, type: CelType, sized: SizedType): number => estimateCost(source, { variables: { self: type, oldSelf: type } }, sized);
const texts = (maxElements: number): SizedType => ({ maxElements, minBytes: 2 });
const number: SizedType = { maxElements: 0, minBytes: 1 };
const listSized = (maxElements: number, element: SizedType): SizedType => ({ maxElements, minBytes: 2, element });
const object = (fields: Record<string, [CelType, SizedType]>): [CelType, SizedType] => [
  { kind: 'object', name: 'object', fields: new Map(Object.entries(fields).map(([name, [type]]) => [name, type])) },
  { maxElements: 0, minBytes: 2, fields: new Map(Object.entries(fields).map(([name, [, sized]]) => [name, sized])) },
];

describe('estimates of costs', () => {
  // What fills a request of 3 MiB: these are figures of Kubernetes' own.
  it('counts the rounds of loops', () => {
    expect(cost('self.all(x, true)', listOf(double), listSized(1_572_863, number))).toBe(4_718_591);
    expect(cost('self.all(x, true)', listOf(double), listSized(10, number))).toBe(32);
    expect(cost('self.all(x, true)', listOf(duration), listSized(786_431, { maxElements: 32, minBytes: 3 }))).toBe(2_359_295);
    expect(cost('self.all(x, true)', mapOf(string, int), listSized(449_389, number))).toBe(1_348_169);
  });

  it.each([
    ['true', 0], ['self.size() > 3', 3], ['self == oldSelf', 12], ['self.contains("ab")', 11], ['self.startsWith("0123456789")', 2], ['self.matches("[a-z]+")', 23],
    ['self + "abcde" == "x"', 1 + 11 + 1], ['(self == "a" ? self : "b") == "c"', 2 + 1 + 1], ['self in ["a", "b", "c"]', 1 + 10 + 3], ['self.lowerAscii() == "abc"', 1 + 10 + 1],
    ['self.split(",").all(x, x == "")', 1 + 20 + 100 * (3 + 1) + 1], ['self.replace("a", "bb").size() < 5', 1 + 20 + 1 + 1], ['cel.bind(x, self, x == self)', 10 + 1 + 2 + 10],
  ])('of a text of 100 characters: %s', (source, expected) => {
    expect(cost(source, string, texts(100))).toBe(expected);
  });

  it('multiplies loops in loops', () => {
    const type = listOf(string);
    const sized = listSized(1000, texts(10));
    expect(cost('self.all(x, self.exists(y, x == y))', type, sized)).toBe(1 + 1000 * (3 + (1 + 1000 * (4 + 3) + 1)) + 1);
    expect(cost('self.filter(x, x != "").map(y, y + y)', type, sized)).toBeLessThan(1_000_000);
    expect(cost('self.isSorted()', type, sized)).toBe(2001);
    expect(cost('self.join(",").size() < 3', type, sized)).toBe(1 + 1100 + 1 + 1);
  });

  it('finds the sizes of fields', () => {
    const [type, sized] = object({ name: [string, texts(100)], tags: [listOf(string), listSized(20, texts(50))], ready: [bool, number] });
    expect(cost('has(self.name)', type, sized)).toBe(1);
    expect(cost('self.name.contains(self.tags[0])', type, sized)).toBe(2 + 3 + 10 * 5);
    expect(cost('self.tags.all(tag, tag.startsWith(self.name))', type, sized)).toBe(2 + 20 * (3 + 1 + 2 + 10) + 1);
    expect(cost('!self.ready || self.name != ""', type, sized)).toBe(3 + 2);
  });

  it('knows no bound of texts that are made of numbers', () => {
    expect(cost('"value " + string(self)', int, number)).toBeGreaterThan(unboundedCost / 100);
    expect(cost('"value %d".format([self]) == ""', int, number)).toBeLessThan(100);
    expect(cost('self.all(x, x.all(y, y == ""))', dyn, { maxElements: 3_145_726, minBytes: 1 })).toBeGreaterThan(10_000_000);
  });
});
