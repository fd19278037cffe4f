/**
 * The paths of printer columns, in kubectl's dialect of JSONPath: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`,
 * `.metadata.labels.app\.kubernetes\.io/name`, `.spec.ports[*].port`. Source: k8s.io/client-go/util/jsonpath.
 */

type Step =
  | { kind: 'field'; name: string }
  | { kind: 'every' }
  | { kind: 'descend'; name: string }
  | { kind: 'slice'; begin: number | undefined; end: number | undefined; step: number }
  | { kind: 'filter'; path: readonly Step[]; operator: string | undefined; value: unknown };

export class JsonPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonPathError';
  }
}

/** @returns finds all values, none where something on the way is missing. @throws JsonPathError */
export function compileJsonPath(path: string): (object: unknown) => unknown[] {
  const steps = parse(path);
  return (object) => steps.reduce<unknown[]>((values, step) => values.flatMap((value) => take(value, step)), [object]);
}

function parse(path: string): Step[] {
  const steps: Step[] = [];
  let rest = path;
  while (rest !== '') {
    const bracket = rest.startsWith('[') ? closing(rest) : undefined;
    if (bracket !== undefined) {
      steps.push(parseBracket(rest.slice(1, bracket).trim(), path));
      rest = rest.slice(bracket + 1);
      continue;
    }
    const field = /^(\.\.?)((?:\\.|[^.[\]\\])*)/.exec(rest);
    if (!field) throw new JsonPathError(`unrecognized character in path ${path}`);
    const name = field[2]!.replace(/\\(.)/g, '$1');
    if (field[1] === '..') steps.push({ kind: 'descend', name });
    else if (name === '*') steps.push({ kind: 'every' });
    else if (name !== '') steps.push({ kind: 'field', name });
    rest = rest.slice(field[0].length);
  }
  return steps;
}

/** Where the bracket that begins the text ends, quoted ones aside. */
function closing(text: string): number {
  let quote = '';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote) {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '[') depth += 1;
    else if (character === ']' && --depth === 0) return at;
  }
  throw new JsonPathError('unterminated array');
}

function parseBracket(inside: string, path: string): Step {
  if (inside === '*' || inside === '') return { kind: 'every' };
  const quoted = /^(?:'((?:\\.|[^'])*)'|"((?:\\.|[^"])*)")$/.exec(inside);
  if (quoted) return { kind: 'field', name: (quoted[1] ?? quoted[2]!).replace(/\\(.)/g, '$1') };
  const slice = /^(-?\d+)?(:(-?\d+)?(?::(\d+))?)?$/.exec(inside);
  if (slice) {
    const begin = slice[1] === undefined ? undefined : Number(slice[1]);
    if (slice[2] === undefined) return { kind: 'slice', begin, end: begin === -1 ? undefined : (begin ?? 0) + 1, step: 1 };
    return { kind: 'slice', begin, end: slice[3] === undefined ? undefined : Number(slice[3]), step: Number(slice[4] ?? 1) || 1 };
  }
  const filter = /^\?\((.*)\)$/s.exec(inside);
  if (filter) return parseFilter(filter[1]!.trim());
  throw new JsonPathError(`invalid array index ${inside} in ${path}`);
}

function parseFilter(text: string): Step {
  const match = /^@((?:[^=!<>"']|\['[^']*'\])*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+))?$/s.exec(text);
  if (!match) throw new JsonPathError(`unsupported filter ${text}`);
  const literal = match[3]?.trim();
  return { kind: 'filter', path: parse(match[1]!.trim()), operator: match[2], value: literal === undefined ? undefined : parseLiteral(literal) };
}

function parseLiteral(text: string): unknown {
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted) return quoted[2];
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  throw new JsonPathError(`unsupported literal ${text}`);
}

function take(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  switch (step.kind) {
    case 'field': return Object.hasOwn(value, step.name) ? [(value as Record<string, unknown>)[step.name]] : [];
    case 'every': return Object.values(value);
    case 'descend': return descend(value, step.name);
    case 'slice': return Array.isArray(value) ? slice(value, step) : [];
    case 'filter': return Object.values(value).filter((item) => passes(item, step));
  }
}

function descend(value: object, name: string): unknown[] {
  const found: unknown[] = Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : [];
  for (const item of Object.values(value) as unknown[]) if (typeof item === 'object' && item !== null) found.push(...descend(item, name));
  return found;
}

function slice(values: readonly unknown[], { begin, end, step }: Step & { kind: 'slice' }): unknown[] {
  return values.slice(begin, end).filter((_, index) => index % step === 0);
}

function passes(item: unknown, { path, operator, value }: Step & { kind: 'filter' }): boolean {
  const found = path.reduce<unknown[]>((values, step) => values.flatMap((one) => take(one, step)), [item]);
  if (operator === undefined) return found.length > 0;
  const left = found[0];
  if (found.length === 0) return false;
  switch (operator) {
    case '==': return left === value;
    case '!=': return left !== value;
    default: break;
  }
  if ((typeof left !== 'number' || typeof value !== 'number') && (typeof left !== 'string' || typeof value !== 'string')) return false;
  switch (operator) {
    case '<': return left < value;
    case '<=': return left <= value;
    case '>': return left > value;
    default: return left >= value;
  }
}
