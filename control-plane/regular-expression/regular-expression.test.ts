import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegularExpression } from './regular-expression.ts';

describe('regular expressions', () => {
  it.each([
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-b', true], ['^[a-z]+$', 'aB', false], ['(?i)^AB$', 'aB', true], ['^(\\d+|(\\*\\/\\d+)|\\*)$', '*/5', true],
    ['\\Aa\\z', 'a', true], ['^a{2,3}$', 'aaaa', false], ['^\\p{L}+$', 'äß', true], ['[[:digit:]]x', '7x', true], ['^.$', '\n', false], ['^.$', '😀', true],
    ['\\bfoo\\b', 'a foo b', true], ['a|b|', '', true], ['(?s)^.$', '\n', true], ['[^a-c]', 'abc', false], ['\\Qa.b\\E', 'axb', false], ['[]a]', ']', true], ['a{,2}', 'a{,2}', true],
  ])('%s of %j is %s', (pattern, text, matches) => {
    expect(new RegularExpression(pattern).test(text)).toBe(matches);
  });

  it.each([
    ['(a', 'missing closing ): `(a`'], ['a)', 'unexpected ): `a)`'], ['[a', 'missing closing ]: `[a`'], ['*a', 'missing argument to repetition operator: `*`'],
    ['a**', 'invalid nested repetition operator: `**`'], ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'], ['a\\', 'trailing backslash at end of expression: ``'],
    ['a{1001}', 'invalid repeat count: `{1001}`'], ['[z-a]', 'invalid character class range: `z-a`'], ['\\y', 'invalid escape sequence: `\\y`'],
  ])('refuses %s', (pattern, why) => {
    expect(() => new RegularExpression(pattern)).toThrow(`error parsing regexp: ${why}`);
  });

  it('finds the leftmost match, greedy or not, and its groups', () => {
    expect(new RegularExpression('(a+)(b)?').find('xaab')).toEqual({ begin: 1, end: 4, text: 'aab', groups: ['aa', 'b'] });
    expect(new RegularExpression('a+?').find('xaab')?.text).toBe('a');
    expect(new RegularExpression('[0-9]+').findAll('1 22 333').map(({ text }) => text)).toEqual(['1', '22', '333']);
    expect(new RegularExpression('[0-9]+').findAll('1 22 333', 2)).toHaveLength(2);
  });

  it('takes time proportional to the text for expressions that make others backtrack', () => {
    const begin = performance.now();
    expect(new RegularExpression('^(a+)+$').test(`${'a'.repeat(5000)}b`)).toBe(false);
    expect(new RegularExpression('(x+x+)+y').test('x'.repeat(5000))).toBe(false);
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(() => new RegularExpression('((a{100}){100}){100}')).toThrow('expression too large');
  });

  it('agrees with JavaScript where both have the same meaning', () => {
    const atom = fc.constantFrom('a', 'b', '[ab]', '[^a]', '.', '(a|b)', '(ab)', '(?:b|)', '^', '$');
    const piece = fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{1,2}', '*?')).map(([text, times]) => (/^[\^$]$/.test(text) ? text : text + times));
    fc.assert(fc.property(fc.array(piece, { maxLength: 5 }), fc.stringMatching(/^[abc]{0,8}$/), (pieces, text) => {
      const pattern = pieces.join('');
      const theirs = new RegExp(pattern, 'u').exec(text);
      const ours = new RegularExpression(pattern).find(text);
      expect(ours?.text).toBe(theirs?.[0]);
      expect(ours?.begin).toBe(theirs?.index);
    }), { numRuns: 500 });
  });
});
