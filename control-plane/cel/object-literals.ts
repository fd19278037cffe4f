/**
 * Objects that an expression makes, `Object.spec{replicas: 3}` and `JSONPatch{op: "add", ...}`, as MutatingAdmissionPolicies
 * need them. The parser knows maps only: the name is taken out of the text and noted, and the fields are read as a map whose
 * keys are names. Counterpart of k8s.io/apiserver/pkg/cel/mutation.
 */
import { jsonPatchTypeName } from './object-types.ts';
import { CelEvaluationError } from './program.ts';
import { isList, NativeMap } from './values.ts';

const none: ReadonlyMap<number, string> = new Map();
const literal = /([A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)\s*\{/y;
const texts = /[rR]?(?:[bB][rR]?)?(?:"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\/\/[^\n]*/y;

export interface NamedLiterals {
  /** As long as the source: names are blanks now. */
  text: string;
  /** Place of the brace → name before it. */
  names: ReadonlyMap<number, string>;
}

export function takeLiteralNames(source: string): NamedLiterals {
  if (!/[A-Za-z_]\w*\s*\{/.test(source)) return { text: source, names: none };
  const names = new Map<number, string>();
  let text = source;
  for (let at = 0; at < source.length; at++) {
    if (/\w/.test(source[at - 1] ?? '')) continue;
    texts.lastIndex = at;
    const skipped = texts.exec(source)?.[0];
    if (skipped) {
      at += skipped.length - 1;
      continue;
    }
    literal.lastIndex = at;
    const found = literal.exec(source);
    const name = found?.[1]?.replaceAll(/\s/g, '');
    // An operator, not a name.
    if (!found || !name || name === 'in') continue;
    text = `${text.slice(0, at)}${' '.repeat(found[1]!.length)}${text.slice(at + found[1]!.length)}`;
    at += found[0].length - 1;
    names.set(at, name);
  }
  return { text, names };
}

export class ObjectValue extends NativeMap {
  override readonly typeName: string;

  /** @throws CelEvaluationError where an object within is named after another place. */
  constructor(typeName: string, fields: readonly (readonly [string, unknown])[]) {
    super(fields);
    this.typeName = typeName;
    if (typeName !== jsonPatchTypeName) for (const [field, value] of fields) checkPlace(value, `${typeName}.${field}`);
  }
}

/** Lists and maps between have no names. */
function checkPlace(value: unknown, expected: string): void {
  if (value instanceof ObjectValue) {
    if (value.typeName === expected) return;
    throw new CelEvaluationError(`type mismatch: unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(expected)}, which matches field name path from root Object type`);
  }
  if (isList(value)) for (let index = 0; index < value.size; index++) checkPlace(value.at(index), expected);
  else if (value instanceof NativeMap) for (const key of value.keys()) checkPlace(value.get(key), expected);
}
