/** JSON Merge Patch, RFC 7386: null removes, objects merge, everything else replaces. */
import { isJsonObject, setProperty, type JsonObject } from './patch-error.ts';

/**
 * @param original not changed; the result shares what the patch does not touch.
 * @throws StatusError when a key cannot be set.
 */
export function applyMergePatch(original: object, patch: JsonObject): object {
  return merge(original, patch);
}

function merge(original: unknown, patch: JsonObject): JsonObject {
  const result: JsonObject = isJsonObject(original) ? { ...original } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else if (isJsonObject(value)) setProperty(result, key, merge(Object.hasOwn(result, key) ? result[key] : undefined, value));
    else setProperty(result, key, value);
  }
  return result;
}
