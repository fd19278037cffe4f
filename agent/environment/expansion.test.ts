import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expand, expandCommand, resolveFrom } from './expansion.ts';

const variables = new Map([['A', 'alpha'], ['B', '$(A)'], ['EMPTY', '']]);
const resolve = resolveFrom(variables);

describe('expand', () => {
  it.each([
    ['$(A)', 'alpha'],
    ['x$(A)y$(A)z', 'xalphayalphaz'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$alpha'],
    ['$(UNKNOWN)', '$(UNKNOWN)'],
    ['$(A', '$(A'],
    ['$A', '$A'],
    ['price: 5$', 'price: 5$'],
    ['$', '$'],
    ['$$', '$'],
    ['$(EMPTY)|', '|'],
    ['$()', '$()'],
    ['$($(A))', '$($(A))'],
    ['$(B)', '$(A)'],
    ['$(A$(A)', '$(A$(A)'],
  ])('%s becomes %s', (text, expected) => {
    expect(expand(text, resolve)).toBe(expected);
  });

  it('leaves text without a dollar sign as it is', () => {
    fc.assert(fc.property(fc.string().filter((text) => !text.includes('$')), (text) => expand(text, resolve) === text));
  });

  it('gives back any text whose dollar signs are doubled', () => {
    fc.assert(fc.property(fc.string(), (text) => expand(text.replaceAll('$', '$$$$'), resolve) === text));
  });

  it('puts in exactly what the resolver says, whatever that holds', () => {
    fc.assert(fc.property(fc.string(), fc.string().filter((name) => !name.includes(')')), (value, name) => expand(`$(${name})`, () => value) === value));
  });
});

describe('resolveFrom', () => {
  it('prefers the earlier source', () => {
    expect(expand('$(A)', resolveFrom(new Map([['A', 'first']]), variables))).toBe('first');
  });
});

describe('expandCommand', () => {
  it('expands every word and keeps an absent command absent', () => {
    expect(expandCommand(['echo', '$(A)', '$$(A)'], variables)).toEqual(['echo', 'alpha', '$(A)']);
    expect(expandCommand(undefined, variables)).toBeUndefined();
  });
});
