import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyIndex } from './key-index.ts';

function inRange(index: KeyIndex, prefix: string, after?: string): string[] {
  const { keys, from, to } = index.range(prefix, after);
  return keys.slice(from, to);
}

describe('KeyIndex', () => {
  test('keeps names apart that begin alike', () => {
    const index = new KeyIndex();
    for (const key of ['core/pods/default2/a', 'core/pods/default/b', 'core/podsets/default/a', 'core/pods/default-x/a', 'core/pods//node']) index.add(key);
    expect(inRange(index, 'core/pods/default/')).toEqual(['core/pods/default/b']);
    expect(inRange(index, 'core/pods/')).toEqual(['core/pods//node', 'core/pods/default-x/a', 'core/pods/default/b', 'core/pods/default2/a']);
    expect(inRange(index, 'core/pod')).toHaveLength(5);
  });

  test('property: is a sorted set with ranges', () => {
    const key = fc.tuple(fc.constantFrom('core/pods', 'core/nodes', 'apps/pods'), fc.constantFrom('', 'a', 'b', 'ab'), fc.constantFrom('x', 'y', 'x1', 'xy', 'z')).map((parts) => parts.join('/'));
    const change = fc.record({ key, remove: fc.boolean() });
    const prefix = fc.constantFrom('', 'core/', 'core/pods/', 'core/pods/a/', 'core/pods/a', 'core/pods/a/x', 'apps/pods/', 'none/none/');
    fc.assert(fc.property(fc.array(change, { maxLength: 60 }), prefix, fc.option(key), (changes, wanted, after) => {
      const index = new KeyIndex();
      const model = new Set<string>();
      for (const one of changes) {
        if (one.remove) {
          index.delete(one.key);
          model.delete(one.key);
        } else {
          index.add(one.key);
          model.add(one.key);
        }
      }
      const expected = [...model].sort().filter((one) => one.startsWith(wanted) && (after === null || one > after));
      expect(inRange(index, wanted, after ?? undefined)).toEqual(expected);
    }));
  });
});
