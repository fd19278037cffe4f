/**
 * Whether a configuration fits the schema of its kind. Counterpart of the validation in
 * sigs.k8s.io/structured-merge-diff/typed.
 */
import { FieldSchemaError, isObject, resolveSchema, schemaOfKey, type FieldSchema, type ScalarSchema } from './field-schema.ts';
import { fieldElement, formatElement, itemElement } from './path-element.ts';

/** Problems that are told about at once. */
const maxProblems = 20;
/** Nesting of a configuration. */
const maxDepth = 200;

/** @throws FieldSchemaError with all problems, each with its path: `.spec.replica: field not declared in schema`. */
export function checkFields(schema: FieldSchema, value: unknown): void {
  const problems: string[] = [];
  check(schema, value, '', problems, 0);
  if (problems.length === 1) throw new FieldSchemaError(problems[0]!);
  if (problems.length > 1) throw new FieldSchemaError(`errors:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
}

function check(schema: FieldSchema, value: unknown, path: string, problems: string[], depth: number): void {
  if (problems.length >= maxProblems || value === null || value === undefined) return;
  const problem = (what: string): void => void problems.push(path === '' ? what : `${path}: ${what}`);
  if (depth > maxDepth) return problem('nested too deeply');
  const resolved = resolveSchema(schema, value);
  if (resolved.kind === 'scalar') {
    const wrong = scalarProblem(resolved, value);
    if (wrong) problem(wrong);
  } else if (resolved.kind === 'list') {
    if (!Array.isArray(value)) return problem(`expected list, got ${shown(value)}`);
    const seen = new Set<string>();
    (value as unknown[]).forEach((item, index) => {
      const place = resolved.atomic ? `[${index}]` : checkItem(() => itemElement(resolved, item), seen, index, problem);
      if (place !== undefined) check(resolved.item, item, path + place, problems, depth + 1);
    });
  } else {
    if (!isObject(value)) return problem(`expected map, got ${shown(value)}`);
    for (const key of Object.keys(value)) {
      const below = schemaOfKey(resolved, key);
      const place = path + formatElement(fieldElement(key));
      if (below) check(below, value[key], place, problems, depth + 1);
      else if (problems.length < maxProblems) problems.push(`${place}: field not declared in schema`);
    }
  }
}

/** @returns the place of the item in a path, undefined when it has none. */
function checkItem(elementOf: () => string, seen: Set<string>, index: number, problem: (what: string) => void): string | undefined {
  try {
    const element = elementOf();
    const place = formatElement(element);
    if (seen.has(element)) problem(`duplicate entries for key ${place}`);
    seen.add(element);
    return place;
  } catch (error) {
    if (!(error instanceof FieldSchemaError)) throw error;
    problem(`element ${index}: ${error.message}`);
    return undefined;
  }
}

function scalarProblem({ type }: ScalarSchema, value: unknown): string | undefined {
  const actual = typeof value === 'number' ? 'numeric' : typeof value;
  if (actual === type || (type === 'untyped' && actual !== 'object')) return undefined;
  if (type === 'numeric') return `expected numeric (int or float), got ${goType(value)}`;
  return `expected ${type === 'untyped' ? 'any scalar' : type}, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
}

/** As Go's %T of the parsed value. */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'object' ? 'map[string]interface {}' : typeof value;
}

/** As Go's %#v of the parsed value. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isObject(value)) return value === null ? 'interface {}(nil)' : JSON.stringify(value);
  return `map[string]interface {}{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`).join(', ')}}`;
}

/** As Go's %v of the parsed value. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `&{[${value.map(plain).join(' ')}]}`;
  return `&{${plain(value)}}`;
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(' ')}]`;
  if (isObject(value)) return `map[${Object.keys(value).sort().map((key) => `${key}:${plain(value[key])}`).join(' ')}]`;
  return String(value);
}
