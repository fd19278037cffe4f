/** Equality of JSON-shaped data. A field that is undefined equals one that is absent; the order of fields does not matter. */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => deepEqual(item, right[index]));
  }
  return fieldsEqual(left as Record<string, unknown>, right as Record<string, unknown>);
}

function fieldsEqual(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  let count = 0;
  for (const key of Object.keys(left)) {
    const value = left[key];
    if (value === undefined) continue;
    count += 1;
    if (!Object.hasOwn(right, key) || !deepEqual(value, right[key])) return false;
  }
  let others = 0;
  for (const key of Object.keys(right)) if (right[key] !== undefined) others += 1;
  return count === others;
}
