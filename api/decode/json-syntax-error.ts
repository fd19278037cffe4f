/** What is wrong with a text that is no JSON, in the words of Go's encoding/json, which clients know. */

const escapes: Readonly<Record<string, string>> = {
  '\'': "\\'", '\\': '\\\\', '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v',
};
const incomplete = 'unexpected end of JSON input';
const literals: ReadonlyMap<string, string> = new Map([['t', 'true'], ['f', 'false'], ['n', 'null']]);

type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma';

/** Carries the message; never leaves this module. */
class Found extends Error {}

/** @param text that JSON.parse refuses. @returns for example `invalid character '}' looking for beginning of value`. */
export function jsonSyntaxError(text: string): string {
  try {
    new Scanner(text).scan();
    return incomplete;
  } catch (error) {
    if (error instanceof Found) return error.message;
    throw error;
  }
}

class Scanner {
  /** A byte a character, as Go reads it; the blank stands for the end, which may be one that a token does not allow. */
  private readonly input: string;
  /** What is open: braces and brackets. Not deeper than the text is long. */
  private readonly open: string[] = [];
  private expected: Expected = 'value';
  private at = 0;

  constructor(text: string) {
    this.input = `${Buffer.from(text).toString('latin1')} `;
  }

  scan(): void {
    while (this.at < this.input.length) {
      if (' \t\r\n'.includes(this.input[this.at]!)) this.at += 1;
      else this.step(this.input[this.at]!);
    }
  }

  private fail(where: string, at = this.at): never {
    const character = this.input[at];
    throw new Found(character === undefined ? incomplete : `invalid character ${quote(character)} ${where}`);
  }

  private step(character: string): void {
    switch (this.expected) {
      case 'value or end':
        return character === ']' ? this.close() : this.value(character);
      case 'value':
        return this.value(character);
      case 'key or end':
      case 'key':
        if (character === '}' && this.expected === 'key or end') return this.close();
        if (character !== '"') this.fail('looking for beginning of object key string');
        return this.string('colon');
      case 'colon':
        if (character !== ':') this.fail('after object key');
        this.at += 1;
        this.expected = 'value';
        return;
      case 'comma':
        return this.afterValue(character);
    }
  }

  private afterValue(character: string): void {
    const inside = this.open.at(-1);
    if (inside === undefined) this.fail('after top-level value');
    if (character === (inside === '{' ? '}' : ']')) return this.close();
    if (character !== ',') this.fail(inside === '{' ? 'after object key:value pair' : 'after array element');
    this.at += 1;
    this.expected = inside === '{' ? 'key' : 'value';
  }

  private close(): void {
    this.open.pop();
    this.at += 1;
    this.expected = 'comma';
  }

  private value(character: string): void {
    if (character === '{' || character === '[') {
      this.open.push(character);
      this.at += 1;
      this.expected = character === '{' ? 'key or end' : 'value or end';
      return;
    }
    if (character === '"') return this.string('comma');
    if (character === '-' || isDigit(character)) this.number();
    else this.literal(literals.get(character) ?? this.fail('looking for beginning of value'));
    this.expected = 'comma';
  }

  private literal(word: string): void {
    for (const letter of word) {
      if (this.input[this.at] !== letter) this.fail(`in literal ${word} (expecting '${letter}')`);
      this.at += 1;
    }
  }

  private number(): void {
    if (this.input[this.at] === '-') this.at += 1;
    if (this.input[this.at] === '0') this.at += 1;
    else this.digits('in numeric literal');
    if (this.input[this.at] === '.') {
      this.at += 1;
      this.digits('after decimal point in numeric literal');
    }
    if (this.input[this.at] !== 'e' && this.input[this.at] !== 'E') return;
    this.at += 1;
    if (/[-+]/.test(this.input[this.at] ?? '')) this.at += 1;
    this.digits('in exponent of numeric literal');
  }

  private digits(where: string): void {
    const from = this.at;
    while (isDigit(this.input[this.at] ?? '')) this.at += 1;
    if (this.at === from) this.fail(where);
  }

  private string(next: Expected): void {
    this.at += 1;
    for (; this.input[this.at] !== '"'; this.at += 1) {
      if (this.input[this.at] === '\\') this.escape();
      else if (!((this.input[this.at] ?? '') >= ' ')) this.fail('in string literal');
    }
    this.at += 1;
    this.expected = next;
  }

  /** Ends at the last character of the sequence. */
  private escape(): void {
    this.at += 1;
    if (!/[bfnrt\\/"u]/.test(this.input[this.at] ?? '')) this.fail('in string escape code');
    if (this.input[this.at] !== 'u') return;
    for (let digit = 0; digit < 4; digit += 1) {
      this.at += 1;
      if (!/[0-9a-fA-F]/.test(this.input[this.at] ?? '')) this.fail('in \\u hexadecimal character escape');
    }
  }
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

function quote(character: string): string {
  const code = character.charCodeAt(0);
  const escaped = escapes[character];
  if (escaped !== undefined) return `'${escaped}'`;
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`;
  return code >= 0x80 && code <= 0xa0 || code === 0xad ? `'\\u00${code.toString(16)}'` : `'${character}'`;
}
