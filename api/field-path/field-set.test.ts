import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { FieldSchemaError } from './field-schema.ts';
import { difference, equalSets, formatPaths, hasPath, internFieldSet, intersection, isEmptySet, member, parseFieldSet, recursiveDifference, union, type FieldSet } from './field-set.ts';

type Path = readonly string[];

/** A set as its paths, joined. */
function pathsOf(set: FieldSet, prefix = ''): string[] {
  return Object.keys(set).filter((element) => element !== '.').flatMap((element) => {
    const below = set[element]!;
    const itself = isEmptySet(below) || '.' in below ? [`${prefix}/${element}`] : [];
    return [...itself, ...pathsOf(below, `${prefix}/${element}`)];
  }).sort();
}

function setOf(paths: readonly Path[]): FieldSet {
  return paths.map((path) => parseFieldSet(path.reduceRight<object>((below, element) => ({ [element]: below }), {}))).reduce(union, {});
}

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:"y"');
const paths = fc.array(fc.array(element, { minLength: 1, maxLength: 3 }), { maxLength: 8 });

const text = (path: Path): string => path.map((step) => `/${step}`).join('');
const texts = (list: readonly Path[]): string[] => [...new Set(list.map(text))];

test('sets are what their paths are, whatever is done with them', () => {
  fc.assert(fc.property(paths, paths, (left, right) => {
    const [a, b] = [setOf(left), setOf(right)];
    const [x, y] = [texts(left), texts(right)];
    expect(pathsOf(a)).toEqual(x.toSorted());
    expect(pathsOf(union(a, b))).toEqual([...new Set([...x, ...y])].sort());
    expect(pathsOf(intersection(a, b))).toEqual(x.filter((path) => y.includes(path)).sort());
    expect(pathsOf(difference(a, b))).toEqual(x.filter((path) => !y.includes(path)).sort());
    expect(pathsOf(recursiveDifference(a, b))).toEqual(x.filter((path) => !y.some((other) => path === other || path.startsWith(`${other}/`))).sort());
    expect(equalSets(union(difference(a, b), intersection(a, b)), a)).toBe(true);
    for (const path of [...left, ...right]) expect(hasPath(a, path)).toBe(x.includes(text(path)));
    // What comes out is in normal form: reading it changes nothing.
    for (const set of [union(a, b), intersection(a, b), difference(a, b)]) expect(parseFieldSet(set)).toEqual(set);
  }));
});

describe('sets from outside', () => {
  it('are brought into the form that this server writes', () => {
    expect(parseFieldSet({ 'f:a': { '.': {} }, 'k:{"b": 1, "a": "x"}': {} })).toEqual({ 'f:a': member, 'k:{"a":"x","b":1}': member });
  });

  it.each([[[]], [{ 'f:a': 1 }], [{ 'x:a': {} }], [{ 'k:a': {} }], [{ 'k:1': {} }], [{ 'v:': {} }], [{ 'i:x': {} }]])('are refused: %j', (value) => {
    expect(() => parseFieldSet(value)).toThrow(FieldSchemaError);
  });

  it('are not read without end', () => {
    let deep: object = {};
    for (let level = 0; level < 1000; level++) deep = { 'f:a': deep };
    expect(() => parseFieldSet(deep)).toThrow('nested too deeply');
  });
});

it('shows paths as Kubernetes does', () => {
  expect(formatPaths(parseFieldSet({ 'f:spec': { 'f:replicas': {}, 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } } }, 'f:set': { 'v:"a"': {}, 'i:0': {} } }))).toEqual([
    '.set[0]', '.set[="a"]', '.spec.replicas', '.spec.ports[port=80,protocol="TCP"]', '.spec.ports[port=80,protocol="TCP"].name',
  ]);
});

it('keeps one copy of equal sets', () => {
  expect(internFieldSet({ 'f:b': member, 'f:a': member })).toBe(internFieldSet({ 'f:a': member, 'f:b': member }));
});
