/** YAML bodies, read as sigs.k8s.io/yaml reads them: YAML 1.1 (octal 0644, yes/no) without times and base-60 numbers. */
import type { Alias, Document, ParsedNode } from 'yaml';
import { DecodeError } from './decode-error.ts';
import { formatPath, type PathElement } from './field-path.ts';

/** Aliases one document may use, counted by what they expand to: against documents that unfold to gigabytes. */
const maxAliases = 100;

/**
 * Parses one YAML document. The parser is loaded on first use: few clients send YAML.
 * @returns the value and `duplicate field "spec.replicas"` for keys that come twice, at most `limit`; the last one counts.
 * @throws DecodeError for text that is no YAML, has several documents, or has too many aliases.
 */
export async function parseYaml(text: string, limit: number): Promise<{ value: unknown; duplicates: string[] }> {
  const { parseDocument } = await import('./yaml-library.ts');
  const document = parseDocument(text, {
    version: '1.1',
    uniqueKeys: false,
    // What it would warn of on the console is refused below.
    logLevel: 'error',
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || (tag.tag !== 'tag:yaml.org,2002:timestamp' && tag.format !== 'TIME')),
  });
  const problem = document.errors[0];
  if (problem) throw new DecodeError(`error converting YAML to JSON: yaml: ${problem.message.split('\n')[0]}`);
  try {
    const duplicates = readKeys(document, document.contents, limit);
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    return { value: jsonOf(value), duplicates };
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(`error converting YAML to JSON: yaml: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

/** YAML knows maps, sets, binaries, big integers; JSON does not. Shared nodes (aliases) become copies. */
function jsonOf(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, element: unknown) => (typeof element === 'bigint' ? Number(element) : element)) as string | undefined;
  return text === undefined ? null : JSON.parse(text);
}

/**
 * @returns what comes twice.
 * @throws DecodeError for a key that JSON cannot have: a list, a map, nothing.
 */
function readKeys(document: Document.Parsed, root: ParsedNode | null, limit: number): string[] {
  const found: string[] = [];
  let aliases = 0;
  const textOf = (key: unknown): string => {
    if (!isAlias(key)) return keyText(key);
    aliases += 1;
    // Each search for what it stands for goes through the whole document.
    if (aliases > maxAliases) throw new DecodeError('error converting YAML to JSON: yaml: document contains excessive aliasing');
    return keyText(key.resolve(document));
  };
  const walk = (node: unknown, path: readonly PathElement[]): void => {
    if (typeof node !== 'object' || node === null || !('items' in node) || !Array.isArray(node.items)) return;
    const seen = new Set<string>();
    (node.items as unknown[]).forEach((item, index) => {
      if (typeof item !== 'object' || item === null || !('key' in item)) return walk(item, [...path, index]);
      const key = textOf(item.key);
      if (seen.has(key) && found.length < limit) found.push(`duplicate field "${formatPath([...path, key])}"`);
      seen.add(key);
      if ('value' in item) walk(item.value, [...path, key]);
    });
  };
  walk(root, []);
  return found;
}

function isAlias(node: unknown): node is Alias {
  return typeof node === 'object' && node !== null && 'resolve' in node;
}

function keyText(node: unknown): string {
  const value = typeof node === 'object' && node !== null && 'value' in node ? node.value : null;
  if (typeof value === 'string') return value;
  // The merge key `<<`.
  if (typeof value === 'symbol') return value.description ?? '';
  if (typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'bigint') throw new DecodeError('error converting YAML to JSON: yaml: invalid map key');
  return String(value);
}
