import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { everything, isLabelValue, isQualifiedName, matches, selectorFromLabelSelector, selectorFromMap } from './labels.ts';
import { parseSelector } from './parse-selector.ts';

describe('parseSelector', () => {
  test.each([
    ['', []],
    ['a=b', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a==b', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a!=b', [{ key: 'a', operator: 'NotIn', values: ['b'] }]],
    ['a=', [{ key: 'a', operator: 'In', values: [''] }]],
    ['a in (b, c)', [{ key: 'a', operator: 'In', values: ['b', 'c'] }]],
    ['a notin (b)', [{ key: 'a', operator: 'NotIn', values: ['b'] }]],
    ['a in ()', [{ key: 'a', operator: 'In', values: [''] }]],
    ['a in(b)', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a', [{ key: 'a', operator: 'Exists', values: [] }]],
    ['!a', [{ key: 'a', operator: 'DoesNotExist', values: [] }]],
    ['! a', [{ key: 'a', operator: 'DoesNotExist', values: [] }]],
    [' example.com/a = b , c in (d,e) , !f ', [{ key: 'example.com/a', operator: 'In', values: ['b'] }, { key: 'c', operator: 'In', values: ['d', 'e'] }, { key: 'f', operator: 'DoesNotExist', values: [] }]],
  ])('%j', (text, expected) => expect(parseSelector(text)).toEqual(expected));

  test.each([
    [',', "found ',', expected: !, identifier, or 'end of string'"], ['a,', "found '', expected: identifier after ','"], [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"], ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"], ['a)', "unable to parse requirement: found ')', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"], ['=a', "found '=', expected: !, identifier, or 'end of string'"], ['!', "unable to parse requirement: found '', expected: identifier"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"], ['a in ()x', "found 'x', expected: ',' or 'end of string'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"], ['a=b c', "found 'c', expected: ',' or 'end of string'"], ['a>x', "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"],
  ])('refuses %j', (text, message) => {
    expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 400, message }));
  });

  test.each([
    ['a/b/c=d', /Invalid value: "a\/b\/c": a qualified name must consist of .* with an optional DNS subdomain prefix and '\/' \(e.g. 'example.com\/MyName'\)$/],
    ['/a=b', /Invalid value: "\/a": prefix part must be non-empty$/], ['a/', /Invalid value: "a\/": name part must be non-empty; name part must consist of /],
    [`${'x'.repeat(64)}=y`, /: name part must be no more than 63 bytes$/], [`x=${'y'.repeat(64)}`, /: must be no more than 63 bytes$/],
    ['-a=b,-c=d', /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of [^"]*$/],
    ['a in (-x,-y)', /^unable to parse requirement: \[values\[0\]\[a\]: Invalid value: "-x": a valid label .*, values\[1\]\[a\]: Invalid value: "-y": a valid label .*\]$/],
    ['a>-x', /^unable to parse requirement: \[values\[0\]: Invalid value: "-x": for 'Gt', .*, values\[0\]\[a\]: Invalid value: "-x": a valid label .*\]$/],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 400, message: expect.stringMatching(message) }));
  });

  test.each([['Ex_ample/x=y', /^unable to parse requirement: <nil>: Invalid value: "Ex_ample\/x"/], ['a=-b', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label must/]])('refuses the label %j', (text, message) => {
    expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 400, message: expect.stringMatching(message) }));
  });

  test('compares numbers', () => {
    expect(['4', '5', '6', 'x', undefined].map((a) => matches(parseSelector('a>4,a<6'), a === undefined ? {} : { a }))).toEqual([false, true, false, false, false]);
  });

  test('any text is parsed or refused with a BadRequest', () => {
    fc.assert(fc.property(fc.stringMatching(/^[ab!=,() in]{0,20}$/), (text) => {
      try {
        parseSelector(text);
      } catch (error) {
        expect(error).toMatchObject({ code: 400 });
      }
    }));
  });
});

describe('matches', () => {
  test.each([
    ['a=b', { a: 'b' }, true], ['a=b', { a: 'c' }, false], ['a=b', undefined, false], ['a!=b', undefined, true], ['a!=b', { a: 'b' }, false],
    ['a', { a: '' }, true], ['!a', { a: '' }, false], ['a in (b,c),!d', { a: 'c' }, true], ['a notin (b)', {}, true], ['', {}, true],
    ['constructor', {}, false], ['toString=x', {}, false],
  ])('%j against %j', (text, labels, expected) => expect(matches(parseSelector(text), labels)).toBe(expected));

  test('everything matches everything', () => expect(matches(everything, undefined)).toBe(true));
});

test('selectors of objects', () => {
  expect(selectorFromMap({ a: 'b' })).toEqual(parseSelector('a=b'));
  expect(selectorFromMap(undefined)).toEqual([]);
  expect(selectorFromLabelSelector(undefined)).toBeUndefined();
  expect(selectorFromLabelSelector({})).toEqual([]);
  expect(selectorFromLabelSelector({ matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'NotIn', values: ['d'] }, { key: 'e', operator: 'Exists' }] })).toEqual(parseSelector('a=b,c notin (d),e'));
});

test.each([
  ['a', true], ['example.com/a', true], ['A_b.c-1', true], ['a/b/c', false], ['/a', false], ['a/', false], ['-a', false], ['a-', false], ['a'.repeat(63), true], ['a'.repeat(64), false],
  [`${'a'.repeat(253)}/a`, true], [`${'a'.repeat(254)}/a`, false], ['', false], ['a..b/c', false], ['a.-b/c', false],
])('%.70s is a qualified name: %s', (text, expected) => expect(isQualifiedName(text)).toBe(expected));

test.each([['', true], ['a', true], ['a'.repeat(63), true], ['a'.repeat(64), false], ['a b', false], ['a-', false], ['_a', false]])('%.70j is a label value: %s', (text, expected) => {
  expect(isLabelValue(text)).toBe(expected);
});
