/** JSON Merge Patch, RFC 7386: null removes, objects merge, everything else replaces. */
import { checkObjectPatch, isJsonObject, setProperty, type JsonObject } from './patch-error.ts';

/**
 * @param original not changed; the result shares what the patch does not touch.
 * @param patch the parsed body.
 * @throws StatusError BadRequest when the patch is no object, is nested too deeply or has a key that cannot be set.
 */
export function applyMergePatch(original: object, patch: unknown): object {
  return merge(original, checkObjectPatch(patch));
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
