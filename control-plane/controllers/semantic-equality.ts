/**
 * Equality as Kubernetes' apiequality.Semantic sees it: null, absent, an empty list and an empty map are the same; the order
 * of fields does not matter, the order of lists does.
 */
export function semanticEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isEmpty(left) || isEmpty(right)) return isEmpty(left) && isEmpty(right);
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => semanticEqual(item, right[index]));
  }
  const one = left as Record<string, unknown>;
  const other = right as Record<string, unknown>;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((key) => {
    if (isMeaningfulWhenEmpty(key) && (one[key] ?? undefined) === undefined !== ((other[key] ?? undefined) === undefined)) return false;
    return semanticEqual(one[key], other[key]);
  });
}

/** Nothing, or a list or map of nothing. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  return Object.entries(value).every(([key, field]) => (!isMeaningfulWhenEmpty(key) || field === null || field === undefined) && isEmpty(field));
}

/** `{}` says something else here than no field at all: an empty selector matches everything, an absent one nothing. */
export function isMeaningfulWhenEmpty(key: string): boolean {
  return key === 'labelSelector' || key === 'namespaceSelector' || key === 'emptyDir';
}
