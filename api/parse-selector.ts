/** The text form of label selectors, read as k8s.io/apimachinery/pkg/labels reads it, with its messages. */
import { newBadRequest } from './errors.ts';
import { labelKeyProblems, labelValueProblems } from './label-problems.ts';
import { isLabelValue, isQualifiedName, type Requirement, type Selector } from './labels.ts';

const operators: ReadonlyMap<string, Requirement['operator']> = new Map([
  ['in', 'In'], ['notin', 'NotIn'], ['=', 'In'], ['==', 'In'], ['!=', 'NotIn'], ['>', 'Gt'], ['<', 'Lt'],
]);
const special = '=!(),<>';
const symbols: ReadonlySet<string> = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);

interface Token {
  /** `word` for keys and values, `end`, or the symbol itself. */
  readonly kind: string;
  readonly text: string;
}

const end: Token = { kind: 'end', text: '' };

/** At most as many tokens as the text has characters. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (/[ \t\r\n]/.test(character)) {
      at += 1;
    } else if (special.includes(character)) {
      const two = text.slice(at, at + 2);
      const symbol = symbols.has(two) ? two : character;
      tokens.push({ kind: symbol, text: symbol });
      at += symbol.length;
    } else {
      const from = at;
      while (at < text.length && !/[ \t\r\n=!(),<>]/.test(text.charAt(at))) at += 1;
      tokens.push({ kind: 'word', text: text.slice(from, at) });
    }
  }
  return tokens;
}

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>5`.
 * @throws StatusError BadRequest that says what was found and what was expected.
 */
export function parseSelector(text: string): Selector {
  return new SelectorParser(tokensOf(text)).all();
}

class SelectorParser {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  all(): Selector {
    const requirements: Requirement[] = [];
    for (;;) {
      const first = this.peek();
      if (first.kind === 'end') return requirements;
      if (first.kind !== 'word' && first.kind !== '!') throw newBadRequest(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.requirement());
      const next = this.take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw newBadRequest(`found '${next.text}', expected: ',' or 'end of string'`);
      const following = this.peek();
      if (following.kind !== 'word' && following.kind !== '!') throw newBadRequest(`found '${following.text}', expected: identifier after ','`);
    }
  }

  private peek(): Token {
    return this.tokens[this.at] ?? end;
  }

  private take(): Token {
    const token = this.peek();
    this.at += 1;
    return token;
  }

  private fail(why: string): never {
    throw newBadRequest(`unable to parse requirement: ${why}`);
  }

  private requirement(): Requirement {
    const absent = this.peek().kind === '!';
    if (absent) this.take();
    const { kind, text: key } = this.take();
    if (kind !== 'word') this.fail(`found '${key}', expected: identifier`);
    if (!isQualifiedName(key)) this.fail(`<nil>: Invalid value: ${JSON.stringify(key)}: ${labelKeyProblems(key).join('; ')}`);
    if (absent) return { key, operator: 'DoesNotExist', values: [] };
    if (this.peek().kind === 'end' || this.peek().kind === ',') return { key, operator: 'Exists', values: [] };
    const { text: sign } = this.take();
    const operator = operators.get(sign) ?? this.fail(`found '${sign}', expected: in, notin, =, ==, !=, gt, lt`);
    const values = sign === 'in' || sign === 'notin' ? this.values() : [this.value()];
    this.check({ key, operator, values });
    return { key, operator, values };
  }

  /** Every value that may not be is named, in a list when there are several. */
  private check({ key, operator, values }: Requirement): void {
    const errors: string[] = [];
    values.forEach((value, index) => {
      if ((operator === 'Gt' || operator === 'Lt') && !/^-?\d{1,19}$/.test(value)) {
        errors.push(`values[${index}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`);
      }
      if (!isLabelValue(value)) errors.push(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${labelValueProblems(value).join('; ')}`);
    });
    if (errors.length > 0) this.fail(errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`);
  }

  private value(): string {
    const { kind } = this.peek();
    if (kind === 'end' || kind === ',') return '';
    const token = this.take();
    return token.kind === 'word' ? token.text : this.fail(`found '${token.text}', expected: identifier`);
  }

  /** `(a, b)`; an empty place is an empty value. */
  private values(): string[] {
    const open = this.take();
    if (open.kind !== '(') this.fail(`found '${open.text}' expected: '('`);
    if (this.peek().kind === ')') {
      this.take();
      return [''];
    }
    const found = new Set<string>();
    for (;;) {
      const token = this.take();
      if (token.kind === 'word') {
        found.add(token.text);
        const next = this.take();
        if (next.kind === ')') return [...found].sort();
        if (next.kind !== ',') this.fail(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ',' || token.kind === ')') {
        found.add('');
        if (token.kind === ')') return [...found].sort();
      } else {
        this.fail(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }
}
