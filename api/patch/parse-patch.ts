/** From the body of a PATCH to a function that applies it. */
import { countFields } from '../decode/duplicate-fields.ts';
import { newRequestEntityTooLarge } from '../errors.ts';
import { applyJsonPatch, checkJsonPatch, maxJsonPatchOperations } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { isJsonObject, malformedPatch } from './patch-error.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

/** RFC 6902, RFC 7386, and Kubernetes' own. */
export type PatchType = 'json' | 'merge' | 'strategic';

/** Applies a patch to an object, which it does not change. The result is to be decoded again: it may have any shape. */
export type PatchFunction = (original: object) => object;

/**
 * @param schema message of the object in the schema table; only a strategic patch needs it.
 * @throws StatusError BadRequest or RequestEntityTooLarge here, BadRequest or Invalid when the patch is applied.
 */
export function parsePatch(type: PatchType, body: Uint8Array, schema: string): PatchFunction {
  const value = parseJson(body);
  if (type === 'json') {
    const operations = checkJsonPatch(value);
    if (operations.length > maxJsonPatchOperations) {
      throw newRequestEntityTooLarge(`Request entity too large: The allowed maximum operations in a JSON patch is ${maxJsonPatchOperations}, got ${operations.length}`);
    }
    return (original) => applyJsonPatch(original, operations);
  }
  if (!isJsonObject(value)) throw malformedPatch('error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}');
  return type === 'merge'
    ? (original) => applyMergePatch(original, value)
    : (original) => applyStrategicMergePatch(original, value, schema);
}

function parseJson(body: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
    countFields(value);
    return value;
  } catch (error) {
    throw malformedPatch(`error decoding patch: ${(error as Error).message}`);
  }
}
