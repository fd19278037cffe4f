/** Indexes of an Indexed Job as text: `1,3-5,7`. Follows pkg/apis/batch/validation. */

/** What is wrong with a text. */
export class IndexError extends Error {}

interface Interval {
  first: number;
  last: number;
}

/** @throws IndexError */
function parseInterval(text: string, completions: number): Interval {
  const limits = text.split('-');
  if (limits.length > 2) throw new IndexError(`the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`);
  const [first = 0, last] = limits.map((limit) => parseIndex(limit, completions));
  if (last === undefined) return { first, last: first };
  if (first >= last) throw new IndexError(`non-increasing order, previous: ${first}, current: ${last}`);
  return { first, last };
}

function parseIndex(text: string, completions: number): number {
  if (!/^[+-]?\d+$/.test(text)) throw new IndexError(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
  const index = Number(text);
  if (index >= completions) throw new IndexError(`too large index: ${JSON.stringify(text)}`);
  return index;
}

/**
 * @returns how many indexes there are.
 * @throws IndexError
 */
export function countIndexes(text: string, completions: number): number {
  if (text === '') return 0;
  let previous: number | undefined;
  let total = 0;
  for (const part of text.split(',')) {
    const { first, last } = parseInterval(part, completions);
    if (previous !== undefined && previous >= first) throw new IndexError(`non-increasing order, previous: ${previous}, current: ${first}`);
    total += last - first + 1;
    previous = last;
  }
  return total;
}

/** @returns what the parser says, or undefined. */
export function indexProblem(text: string, completions: number): string | undefined {
  try {
    countIndexes(text, completions);
    return undefined;
  } catch (error) {
    if (error instanceof IndexError) return error.message;
    throw error;
  }
}

/** @returns the lowest index that is in both, undefined for none. Parts that are no intervals are left out. */
export function firstCommonIndex(left: string, right: string, completions: number): number | undefined {
  const [one, other] = [intervals(left, completions), intervals(right, completions)];
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    const [a, b] = [one[i]!, other[j]!];
    if (a.first <= b.last && b.first <= a.last) return Math.max(a.first, b.first);
    if (a.first <= b.first) i += 1;
    else j += 1;
  }
  return undefined;
}

function intervals(text: string, completions: number): Interval[] {
  if (text === '') return [];
  return text.split(',').flatMap((part) => (indexProblem(part, completions) === undefined ? [parseInterval(part, completions)] : []));
}
