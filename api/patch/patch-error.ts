/** Errors of patches, as k8s.io/apiserver answers them. */
import { jsonTypeName } from '../decode/decode-error.ts';
import { countFields } from '../decode/duplicate-fields.ts';
import { newBadRequest, StatusError } from '../errors.ts';

/** 400: the patch itself is malformed. */
export function malformedPatch(why: string): StatusError {
  return newBadRequest(why);
}

const rejected = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Invalid', code: 422, message: 'the server rejected our request due to an error in our request' } as const;

/**
 * 422: an operation of a JSON patch does not fit the object. As from kube-apiserver the client hears no more than that:
 * kubectl prints causes in place of the message, and scripts look for the message.
 * @param why for whoever catches it here.
 */
export function failedOperation(why: string): StatusError {
  return new StatusError({ ...rejected, details: {} }, { cause: new Error(why) });
}

/** 422: a strategic merge patch is well-formed but does not fit the object. kube-apiserver answers 500 with the reason as message. */
export function inapplicablePatch(why: string): StatusError {
  return new StatusError({ ...rejected, details: { causes: [{ reason: 'FieldValueInvalid', field: 'patch', message: why }] } });
}

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The body of a merge patch, parsed.
 * @throws StatusError BadRequest when it is no object, or is nested too deeply.
 */
export function checkObjectPatch(patch: unknown): JsonObject {
  checkDepth(patch);
  if (!isJsonObject(patch)) {
    throw malformedPatch(`error decoding patch: json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type map[string]interface {}`);
  }
  return patch;
}

/** @throws StatusError BadRequest. */
export function checkDepth(patch: unknown): void {
  try {
    countFields(patch);
  } catch (error) {
    throw malformedPatch(`error decoding patch: ${(error as RangeError).message}`);
  }
}

/**
 * Sets an own property.
 * @throws StatusError for `__proto__`, which would change the object's prototype instead.
 */
export function setProperty(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') throw malformedPatch('key "__proto__" is not supported');
  object[key] = value;
}

/** 422: what a patch makes of the object is none of its kind. @param result the patched object, or the patch, as text. */
export function invalidPatchResult(result: string, why: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(result)}: ${why}`;
  return new StatusError({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Invalid', code: 422,
    message: ` "" is invalid: patch: ${message}`,
    details: { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] },
  });
}

/** A parsed JSON value as Go's %+v prints it: `map[spec:map[replicas:2]]`. */
export function formatGoValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatGoValue).join(' ')}]`;
  if (isJsonObject(value)) return `map[${Object.keys(value).sort().map((key) => `${key}:${formatGoValue(value[key])}`).join(' ')}]`;
  if (value === null) return '<nil>';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
