import { expect, test } from 'vitest';
import { matchesFields, parseFieldSelector } from './fields.ts';

test.each([
  ['', []],
  ['metadata.name=a', [{ field: 'metadata.name', equal: true, value: 'a' }]],
  ['metadata.name==a,status.phase!=Running', [{ field: 'metadata.name', equal: true, value: 'a' }, { field: 'status.phase', equal: false, value: 'Running' }]],
  ['spec.nodeName=', [{ field: 'spec.nodeName', equal: true, value: '' }]],
  ['a=b\\,c\\=d\\\\', [{ field: 'a', equal: true, value: 'b,c=d\\' }]],
  ['=a', [{ field: '', equal: true, value: 'a' }]],
  ['a=b\\\\,c=d', [{ field: 'a', equal: true, value: 'b\\' }, { field: 'c', equal: true, value: 'd' }]],
])('%j', (text, expected) => expect(parseFieldSelector(text)).toEqual(expected));

test.each([
  ['a', "invalid selector: 'a'; can't understand 'a'"],
  ['b=c,a in (b)', "invalid selector: 'b=c,a in (b)'; can't understand 'a in (b)'"],
  ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ['a=b\\x', 'invalid field selector: invalid escape sequence: \\x'],
  ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
])('refuses %j', (text, message) => {
  expect(() => parseFieldSelector(text)).toThrow(expect.objectContaining({ code: 400, message }));
});

test('all requirements must hold; an unset field is empty', () => {
  const fields = { 'metadata.name': 'a', 'status.phase': 'Running' };
  expect(matchesFields(parseFieldSelector('metadata.name=a,status.phase!=Failed,spec.nodeName='), fields)).toBe(true);
  expect(matchesFields(parseFieldSelector('metadata.name=a,status.phase=Failed'), fields)).toBe(false);
  expect(matchesFields([], {})).toBe(true);
});
