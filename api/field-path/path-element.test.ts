import { describe, expect, test } from 'vitest';
import type { FieldSchema, ListSchema } from './field-schema.ts';
import { itemElement } from './path-element.ts';

describe('itemElement', () => {
  const scalar = { kind: 'scalar' } as FieldSchema;
  const listOf = (keys: readonly string[]): ListSchema => ({
    kind: 'list', keys, item: { kind: 'map', field: (name: string) => ({ schema: scalar, ...(name === 'protocol' ? { default: 'TCP' } : {}) }) },
  }) as unknown as ListSchema;

  test.each<[readonly string[], object, string]>([
    [['name'], { name: 'a' }, 'k:{"name":"a"}'],
    [['port', 'protocol'], { port: 80 }, 'k:{"port":80,"protocol":"TCP"}'],
    [['b', 'a'], { a: 1, b: 2 }, 'k:{"a":1,"b":2}'],
    [['b', 'a'], { b: 2 }, 'k:{"b":2}'],
  ])('of a list by %j, for %j', (keys, item, expected) => {
    expect(itemElement(listOf(keys), item)).toBe(expected);
  });

  test.each<[readonly string[], string]>([[['name'], '["name"]'], [['a', 'b'], '["a" "b"]']])('refuses an item without any of %j', (keys, shown) => {
    expect(() => itemElement(listOf(keys), { other: 1 })).toThrow(`associative list with keys has an element that omits all key fields ${shown} (and doesn't have default values for any key fields)`);
  });
});
