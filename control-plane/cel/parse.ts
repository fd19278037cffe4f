/** The tree of an expression, as @marcbachmann/cel-js parses it, and the names in it. */
import { Environment } from '@marcbachmann/cel-js';
import { takeLiteralNames } from './object-literals.ts';
import { CelCompileError } from './program.ts';

export interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly pos: number;
}

const parser = new Environment({
  unlistedVariablesAreDyn: true, enableOptionalTypes: true, homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 10_000, maxDepth: 100, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 },
});

/** Before the dot of functions that are no methods: `sets.contains(...)`. */
export const namespaces = new Set(['optional', 'sets', 'lists', 'strings', 'math', 'cel', 'ip', 'format', 'jsonpatch']);

export interface Parsed {
  readonly tree: Node;
  /** Where elements of lists and maps are optional, `[?a, ?b]`, in the order of the source. */
  readonly optionals: readonly number[];
  /** Of objects that the expression makes: place of the brace → the name before it. */
  readonly literals: ReadonlyMap<number, string>;
}

/** @throws CelCompileError */
export function parse(source: string): Parsed {
  const optionals = findOptionals(source);
  const { text: unnamed, names: literals } = takeLiteralNames(source);
  const known = optionals.reduce((text, at) => `${text.slice(0, at)} ${text.slice(at + 1)}`, unnamed);
  try {
    return { tree: parser.parse(known).ast, optionals, literals };
  } catch (error) {
    throw new CelCompileError(`ERROR: <input>:1:1: Syntax error: ${(error as Error).message.split('\n', 1)[0] ?? ''}\n | ${source}\n | ^`);
  }
}

const texts = /[rR]?(?:[bB][rR]?)?(?:"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\/\/[^\n]*/y;

/** The parser knows no optional elements: their question marks are taken out, and where they were is noted. */
function findOptionals(source: string): number[] {
  if (!/[[{,]\s*\?/.test(source)) return [];
  const found: number[] = [];
  let before = '';
  for (let at = 0; at < source.length; at++) {
    texts.lastIndex = at;
    const skipped = /["'rRbB/]/.test(source[at]!) && !/\w/.test(source[at - 1] ?? '') ? texts.exec(source)?.[0] : undefined;
    if (skipped) {
      before = `${before}"`;
      at += skipped.length - 1;
      continue;
    }
    const character = source[at]!;
    if (/\s/.test(character)) continue;
    // After a value, `[?` is an index.
    if (character === '?' && /[{,]$|(?:^|[^\w)\]}"]|\bin)\[$/.test(before)) found.push(at);
    before = `${before}${/\w/.test(character) && /\s/.test(source[at - 1] ?? '') ? ' ' : ''}${character}`.slice(-8);
  }
  return found;
}

/** Names that CEL reserves are escaped in Kubernetes' expressions: `self.__namespace__`, `self.x__dash__y`. */
export function unescape(name: string): string {
  const keyword = /^__(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return)__$/.exec(name);
  if (keyword) return keyword[1]!;
  return name.replace(/__(underscores|dot|dash|slash)__/g, (_, what: string) => ({ underscores: '__', dot: '.', dash: '-', slash: '/' })[what] ?? '');
}

export function qualifiedName(node: Node): string | undefined {
  if (node.op === 'id') return node.args as string;
  if (node.op !== '.') return undefined;
  const [operand, name] = node.args as [Node, string];
  const before = qualifiedName(operand);
  return before && `${before}.${name}`;
}
