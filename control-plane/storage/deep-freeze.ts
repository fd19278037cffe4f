/**
 * Freezes plain JSON data all the way down.
 *
 * What is frozen already is taken to be frozen throughout: parts shared with an older version of an object (a spec, when
 * only the status changed) cost nothing again.
 *
 * @returns an estimate of the bytes that were newly frozen, that is, not shared with an older version.
 */
export function deepFreeze(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (Object.isFrozen(value)) return 0;
  Object.freeze(value);
  let bytes = 16;
  if (Array.isArray(value)) {
    for (const item of value) bytes += deepFreeze(item) + 8;
    return bytes;
  }
  for (const [name, item] of Object.entries(value)) bytes += name.length + deepFreeze(item) + 8;
  return bytes;
}

/** The same estimate for all of a value, without freezing. */
export function estimateBytes(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 16;
  for (const [name, item] of Object.entries(value)) bytes += (Array.isArray(value) ? 0 : name.length) + estimateBytes(item) + 8;
  return bytes;
}
