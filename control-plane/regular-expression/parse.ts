/** The syntax of RE2 (Go's regexp), as a tree. Source: https://github.com/google/re2/wiki/Syntax. */

export type Node =
  | { kind: 'empty' }
  /** Sorted pairs of code points, ends included. */
  | { kind: 'set'; ranges: readonly number[] }
  | { kind: 'assert'; what: 'begin' | 'end' | 'lineBegin' | 'lineEnd' | 'word' | 'notWord' }
  | { kind: 'sequence'; parts: readonly Node[] }
  | { kind: 'choice'; options: readonly Node[] }
  | { kind: 'repeat'; node: Node; minimum: number; maximum: number; greedy: boolean }
  | { kind: 'group'; node: Node; index: number };

/** The message is Go's: `error parsing regexp: missing closing ): ...`. */
export class PatternError extends Error {
  constructor(message: string, expression: string) {
    super(`error parsing regexp: ${message}: \`${expression}\``);
    this.name = 'PatternError';
  }
}

interface Flags {
  ignoreCase: boolean;
  multiLine: boolean;
  dotAll: boolean;
  ungreedy: boolean;
}

const maxCodePoint = 0x10ffff;
/** Go's limits of `x{n,m}` and of nesting. */
const maxRepeat = 1000;
const maxDepth = 250;

const digits = [0x30, 0x39];
const spaces = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20];
const words = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];

const posixClasses: Readonly<Record<string, readonly number[]>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a], alpha: [0x41, 0x5a, 0x61, 0x7a], ascii: [0, 0x7f], blank: [9, 9, 32, 32],
  cntrl: [0, 0x1f, 0x7f, 0x7f], digit: digits, graph: [0x21, 0x7e], lower: [0x61, 0x7a], print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e], space: [9, 13, 32, 32], upper: [0x41, 0x5a], word: words,
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};

const escapes: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

export function parsePattern(source: string): Node {
  return new Parser(source).parse();
}

class Parser {
  private readonly source: string;
  private readonly characters: readonly string[];
  private at = 0;
  private groups = 0;
  private depth = 0;
  private flags: Flags = { ignoreCase: false, multiLine: false, dotAll: false, ungreedy: false };

  constructor(source: string) {
    this.source = source;
    this.characters = Array.from(source);
  }

  parse(): Node {
    const node = this.choice();
    if (this.at < this.characters.length) throw new PatternError('unexpected )', this.source);
    return node;
  }

  private get next(): string | undefined {
    return this.characters[this.at];
  }

  private looking(text: string): boolean {
    return this.characters.slice(this.at, this.at + text.length).join('') === text;
  }

  private choice(): Node {
    if (++this.depth > maxDepth) throw new PatternError('expression nests too deeply', this.source);
    const options = [this.sequence()];
    while (this.next === '|') {
      this.at += 1;
      options.push(this.sequence());
    }
    this.depth -= 1;
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  private sequence(): Node {
    const parts: Node[] = [];
    while (this.next !== undefined && this.next !== '|' && this.next !== ')') {
      const begin = this.at;
      const atom = this.atom();
      if (atom) parts.push(this.repeated(atom, begin));
    }
    return parts.length === 1 ? parts[0]! : parts.length === 0 ? { kind: 'empty' } : { kind: 'sequence', parts };
  }

  private repeated(atom: Node, begin: number): Node {
    let node = atom;
    for (let times = 0; ; times++) {
      const operator = this.at;
      const bounds = this.repetition();
      if (!bounds) return node;
      const shown = this.characters.slice(operator, this.at).join('');
      if (times > 0) throw new PatternError('invalid nested repetition operator', this.characters.slice(begin + 1, this.at).join(''));
      if (bounds[1] !== Infinity && bounds[1] > maxRepeat || bounds[0] > maxRepeat || bounds[1] < bounds[0]) throw new PatternError('invalid repeat count', shown);
      let greedy = !this.flags.ungreedy;
      if (this.next === '?') {
        this.at += 1;
        greedy = !greedy;
      }
      node = { kind: 'repeat', node, minimum: bounds[0], maximum: bounds[1], greedy };
    }
  }

  private repetition(): [number, number] | undefined {
    switch (this.next) {
      case '*': this.at += 1; return [0, Infinity];
      case '+': this.at += 1; return [1, Infinity];
      case '?': this.at += 1; return [0, 1];
      case '{': {
        const text = this.characters.slice(this.at, this.at + 24).join('');
        const match = /^\{(\d+)(,(\d*))?\}/.exec(text);
        if (!match) return undefined;
        this.at += match[0].length;
        const minimum = Number(match[1]);
        return [minimum, match[2] === undefined ? minimum : match[3] === '' ? Infinity : Number(match[3])];
      }
      default: return undefined;
    }
  }

  private atom(): Node | undefined {
    const character = this.next!;
    this.at += 1;
    switch (character) {
      case '(': return this.group();
      case '[': return this.bracket();
      case '.': return { kind: 'set', ranges: this.flags.dotAll ? [0, maxCodePoint] : [0, 9, 11, maxCodePoint] };
      case '^': return { kind: 'assert', what: this.flags.multiLine ? 'lineBegin' : 'begin' };
      case '$': return { kind: 'assert', what: this.flags.multiLine ? 'lineEnd' : 'end' };
      case '*':
      case '+':
      case '?': throw new PatternError('missing argument to repetition operator', character);
      case '\\': return this.escape();
      default: return this.literal(character.codePointAt(0)!);
    }
  }

  private literal(point: number): Node {
    return { kind: 'set', ranges: this.flags.ignoreCase ? foldCase([point, point]) : [point, point] };
  }

  private group(): Node | undefined {
    const before = { ...this.flags };
    let index: number | undefined;
    if (this.next === '?') {
      const named = /^\?P?<(\w+)>/.exec(this.characters.slice(this.at, this.at + 100).join(''));
      if (named) {
        this.at += named[0].length;
        index = ++this.groups;
      } else if (this.groupFlags()) {
        return undefined;
      }
    } else {
      index = ++this.groups;
    }
    const node = this.choice();
    if (this.next !== ')') throw new PatternError('missing closing )', this.source);
    this.at += 1;
    this.flags = before;
    return index === undefined ? node : { kind: 'group', node, index };
  }

  /** `(?i:` begins a group, `(?i)` changes the rest of the one that is open. @returns whether it was the latter. */
  private groupFlags(): boolean {
    const match = /^\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.characters.slice(this.at, this.at + 20).join(''));
    if (!match) throw new PatternError('invalid or unsupported Perl syntax', `(${this.characters.slice(this.at, this.at + 2).join('')}`);
    this.at += match[0].length;
    const set = (letters: string, on: boolean): void => {
      for (const letter of letters) {
        if (letter === 'i') this.flags.ignoreCase = on;
        else if (letter === 'm') this.flags.multiLine = on;
        else if (letter === 's') this.flags.dotAll = on;
        else this.flags.ungreedy = on;
      }
    };
    set(match[1]!, true);
    set(match[2] ?? '', false);
    return match[3] === ')';
  }

  private escape(): Node {
    switch (this.next) {
      case 'A': this.at += 1; return { kind: 'assert', what: 'begin' };
      case 'z': this.at += 1; return { kind: 'assert', what: 'end' };
      case 'b': this.at += 1; return { kind: 'assert', what: 'word' };
      case 'B': this.at += 1; return { kind: 'assert', what: 'notWord' };
      case 'Q': return this.quoted();
      case undefined:
      default: break;
    }
    const ranges = this.classEscape();
    if (ranges) return { kind: 'set', ranges: this.flags.ignoreCase ? foldCase(ranges) : ranges };
    return this.literal(this.characterEscape());
  }

  private quoted(): Node {
    this.at += 1;
    const parts: Node[] = [];
    while (this.next !== undefined && !this.looking('\\E')) {
      parts.push(this.literal(this.next.codePointAt(0)!));
      this.at += 1;
    }
    if (this.next !== undefined) this.at += 2;
    return { kind: 'sequence', parts };
  }

  private classEscape(): readonly number[] | undefined {
    const letter = this.next;
    const taken = (ranges: readonly number[]): readonly number[] => {
      this.at += 1;
      return ranges;
    };
    switch (letter) {
      case 'd': return taken(digits);
      case 'D': return taken(negate(digits));
      case 's': return taken(spaces);
      case 'S': return taken(negate(spaces));
      case 'w': return taken(words);
      case 'W': return taken(negate(words));
      case 'p':
      case 'P': return this.unicodeClass(letter === 'P');
      default: return undefined;
    }
  }

  private unicodeClass(negated: boolean): readonly number[] {
    const match = /^[pP](?:([A-Z])|\{(\^?)(\w+)\})/.exec(this.characters.slice(this.at, this.at + 40).join(''));
    const name = match?.[1] ?? match?.[3];
    if (!match || name === undefined) throw new PatternError('invalid character class range', `\\${this.characters.slice(this.at, this.at + 2).join('')}`);
    this.at += match[0].length;
    const ranges = unicodeRanges(name);
    if (!ranges) throw new PatternError('invalid character class range', `\\${match[0]}`);
    return negated === (match[2] === '^') ? ranges : negate(ranges);
  }

  private characterEscape(): number {
    const letter = this.next;
    if (letter === undefined) throw new PatternError('trailing backslash at end of expression', '');
    const rest = this.characters.slice(this.at, this.at + 12).join('');
    const hexadecimal = /^x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(rest);
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{2})/.exec(rest);
    if (hexadecimal ?? octal) {
      this.at += (hexadecimal ?? octal)![0].length;
      return hexadecimal ? Number.parseInt(hexadecimal[1] ?? hexadecimal[2]!, 16) : Number.parseInt(octal![0], 8);
    }
    this.at += 1;
    const known = escapes[letter];
    if (known !== undefined) return known;
    if (/[0-9A-Za-z]/.test(letter)) throw new PatternError('invalid escape sequence', `\\${letter}`);
    return letter.codePointAt(0)!;
  }

  private bracket(): Node {
    const begin = this.at - 1;
    const negated = this.next === '^';
    if (negated) this.at += 1;
    const ranges: number[] = [];
    for (let first = true; first || this.next !== ']'; first = false) {
      if (this.next === undefined) throw new PatternError('missing closing ]', this.characters.slice(begin).join(''));
      this.bracketItem(ranges);
    }
    this.at += 1;
    const merged = merge(this.flags.ignoreCase ? foldCase(ranges) : ranges);
    return { kind: 'set', ranges: negated ? negate(merged) : merged };
  }

  private bracketItem(ranges: number[]): void {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.characters.slice(this.at, this.at + 14).join(''));
    if (posix) {
      const known = posixClasses[posix[2]!];
      if (!known) throw new PatternError('invalid character class range', posix[0]);
      this.at += posix[0].length;
      ranges.push(...(posix[1] ? negate(known) : known));
      return;
    }
    if (this.next === '\\') {
      this.at += 1;
      const named = this.classEscape();
      if (named) {
        ranges.push(...named);
        return;
      }
      this.at -= 1;
    }
    const begin = this.at;
    const low = this.bracketCharacter();
    let high = low;
    if (this.next === '-' && this.characters[this.at + 1] !== ']' && this.characters[this.at + 1] !== undefined) {
      this.at += 1;
      high = this.bracketCharacter();
      if (high < low) throw new PatternError('invalid character class range', this.characters.slice(begin, this.at).join(''));
    }
    ranges.push(low, high);
  }

  private bracketCharacter(): number {
    const character = this.next!;
    this.at += 1;
    return character === '\\' ? this.characterEscape() : character.codePointAt(0)!;
  }
}

function merge(ranges: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (let index = 0; index < ranges.length; index += 2) pairs.push([ranges[index]!, ranges[index + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [low, high] of pairs) {
    if (merged.length > 0 && low <= merged.at(-1)! + 1) merged[merged.length - 1] = Math.max(merged.at(-1)!, high);
    else merged.push(low, high);
  }
  return merged;
}

function negate(ranges: readonly number[]): number[] {
  const result: number[] = [];
  let next = 0;
  const sorted = merge(ranges);
  for (let index = 0; index < sorted.length; index += 2) {
    if (sorted[index]! > next) result.push(next, sorted[index]! - 1);
    next = sorted[index + 1]! + 1;
  }
  if (next <= maxCodePoint) result.push(next, maxCodePoint);
  return result;
}

/** Letters of ASCII and Latin-1, Greek and Cyrillic, in both cases; wider ranges are left as they are. */
function foldCase(ranges: readonly number[]): number[] {
  const folded = [...ranges];
  for (let index = 0; index < ranges.length; index += 2) {
    const [low, high] = [ranges[index]!, Math.min(ranges[index + 1]!, 0x52f)];
    for (let point = low; point <= high; point++) {
      const character = String.fromCodePoint(point);
      for (const other of [character.toLowerCase(), character.toUpperCase()]) {
        if (other !== character && other.length === 1) folded.push(other.codePointAt(0)!, other.codePointAt(0)!);
      }
    }
  }
  return merge(folded);
}

const unicodeCache = new Map<string, readonly number[] | undefined>();

/** General categories and scripts, asked of the JavaScript engine once each. */
function unicodeRanges(name: string): readonly number[] | undefined {
  if (unicodeCache.has(name)) return unicodeCache.get(name);
  const ranges = findUnicodeRanges(name);
  if (unicodeCache.size < 64) unicodeCache.set(name, ranges);
  return ranges;
}

function findUnicodeRanges(name: string): readonly number[] | undefined {
  let test: RegExp;
  try {
    test = name.length <= 2 ? new RegExp(`\\p{${name}}`, 'u') : new RegExp(`\\p{Script=${name}}`, 'u');
  } catch {
    // No such category or script: the caller says so.
    return undefined;
  }
  const ranges: number[] = [];
  for (let point = 0; point <= maxCodePoint; point++) {
    if (!test.test(String.fromCodePoint(point))) continue;
    if (ranges.at(-1) === point - 1) ranges[ranges.length - 1] = point;
    else ranges.push(point, point);
  }
  return ranges;
}
