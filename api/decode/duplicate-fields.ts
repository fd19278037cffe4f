/**
 * Finds fields that a JSON text has twice, which JSON.parse hides. A text without duplicates, the usual case, costs one
 * pass that counts; only then are names and paths collected.
 */
import { formatPath, type PathElement } from './field-path.ts';

const quote = 0x22;
const backslash = 0x5c;

/** Objects and lists inside each other; as deep as anything in the Kubernetes API by far. */
export const maxDepth = 1000;

/** @throws RangeError when the value is nested deeper than maxDepth. */
export function countFields(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > maxDepth) throw new RangeError('exceeded max depth');
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value) count += countFields(element, depth + 1);
    return count;
  }
  for (const key of Object.keys(value)) count += 1 + countFields((value as Record<string, unknown>)[key], depth + 1);
  return count;
}

/**
 * @param text valid JSON.
 * @param fields what countFields says of the parsed text.
 * @returns `duplicate field "spec.replicas"` for each, at most `limit`.
 */
export function findDuplicateFields(text: string, fields: number, limit: number): string[] {
  return countColons(text) === fields ? [] : new DuplicateScanner(text, limit).scan();
}

function countColons(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) index = endOfString(text, index);
    else if (code === 0x3a) count += 1;
  }
  return count;
}

/** Index of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  for (;;) {
    const code = text.charCodeAt(index);
    if (code === quote || index >= text.length) return index;
    index += code === backslash ? 2 : 1;
  }
}

interface Frame {
  /** Names seen so far; undefined for a list. */
  names: Set<string> | undefined;
  element: PathElement;
}

class DuplicateScanner {
  private readonly frames: Frame[] = [];
  private readonly found: string[] = [];
  private readonly text: string;
  private readonly limit: number;

  constructor(text: string, limit: number) {
    this.text = text;
    this.limit = limit;
  }

  scan(): string[] {
    for (let index = 0; index < this.text.length && this.found.length < this.limit; index += 1) {
      const character = this.text[index];
      if (character === '"') index = this.string(index);
      else if (character === '{') this.frames.push({ names: new Set(), element: '' });
      else if (character === '[') this.frames.push({ names: undefined, element: 0 });
      else if (character === '}' || character === ']') this.frames.pop();
      else if (character === ',') this.nextElement();
    }
    return this.found;
  }

  private nextElement(): void {
    const frame = this.frames.at(-1);
    if (frame && typeof frame.element === 'number') frame.element += 1;
  }

  private followedByColon(end: number): boolean {
    let index = end + 1;
    while (' \t\r\n'.includes(this.text.charAt(index)) && index < this.text.length) index += 1;
    return this.text[index] === ':';
  }

  private string(start: number): number {
    const end = endOfString(this.text, start);
    const frame = this.frames.at(-1);
    if (frame?.names && this.followedByColon(end)) {
      const name = JSON.parse(this.text.slice(start, end + 1)) as string;
      frame.element = name;
      if (frame.names.has(name)) this.found.push(`duplicate field "${formatPath(this.frames.map(({ element }) => element))}"`);
      frame.names.add(name);
    }
    return end;
  }
}
