import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { jsonSyntaxError } from './json-syntax-error.ts';

test.each([
  ['', 'unexpected end of JSON input'],
  ['{', 'unexpected end of JSON input'],
  ['[1,', 'unexpected end of JSON input'],
  ['{"a":"b', 'unexpected end of JSON input'],
  ['x', "invalid character 'x' looking for beginning of value"],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":01}', "invalid character '1' after object key:value pair"],
  ['[[] {}]', "invalid character '{' after array element"],
  ['{"a":1}}', "invalid character '}' after top-level value"],
  [' {} x', "invalid character 'x' after top-level value"],
  ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['nul', "invalid character ' ' in literal null (expecting 'l')"],
  ['{"a":-}', "invalid character '}' in numeric literal"],
  ['{"a":1.}', "invalid character '}' after decimal point in numeric literal"],
  ['1e+', "invalid character ' ' in exponent of numeric literal"],
  ['"\t"', "invalid character '\\t' in string literal"],
  ['"\u0001"', "invalid character '\\x01' in string literal"],
  ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
  ['{"a":"\\u12"}', "invalid character '\"' in \\u hexadecimal character escape"],
  ['"\\', "invalid character ' ' in string escape code"],
  ['é', "invalid character 'Ã' looking for beginning of value"],
])('%j: %s', (text, message) => expect(jsonSyntaxError(text)).toBe(message));

describe('any text', () => {
  const pieces = fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'true', 'nul', 'l', '-', '0', '12', '.', 'e', '+', ' ', '"a"', '\\u00', 'é'), { maxLength: 12 });

  it('that is no JSON is wrong at a place, or ends too early', () => {
    fc.assert(fc.property(pieces, (parts) => {
      const text = parts.join('');
      fc.pre(!isJson(text));
      expect(jsonSyntaxError(text)).toMatch(/^(unexpected end of JSON input|invalid character '.+' (looking for|after|in) .+)$/);
    }));
  });

  it('that could go on is not called wrong', () => {
    fc.assert(fc.property(fc.json(), fc.nat(), (text, at) => {
      const start = `[${text}`.slice(0, 1 + at % (text.length + 1));
      // The end itself is a blank to Go, which some tokens do not take.
      expect(jsonSyntaxError(start)).toMatch(/^unexpected end of JSON input$|^invalid character ' ' (in|after decimal point in) /);
    }));
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
