/** PATCH: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386), strategic merge patch; server-side apply is in apply.ts. */
import type { FastifyReply } from 'fastify';
import { DecodeError } from '../../../api/decode/decode-error.ts';
import { decodeObject, type DecodeTarget } from '../../../api/decode/decode-object.ts';
import { countFields, findDuplicateFields } from '../../../api/decode/duplicate-fields.ts';
import { jsonSyntaxError } from '../../../api/decode/json-syntax-error.ts';
import { newBadRequest, newUnsupportedMediaType, StatusError } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { applyJsonPatch } from '../../../api/patch/json-patch.ts';
import { applyMergePatch } from '../../../api/patch/merge-patch.ts';
import { formatGoValue, invalidPatchResult } from '../../../api/patch/patch-error.ts';
import { applyStrategicMergePatch } from '../../../api/patch/strategic-merge-patch.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parsePatchOptions, type FieldValidation } from '../query-options.ts';
import { sendObject } from '../responses.ts';
import { applyMediaType, applyObject } from './apply.ts';
import { bodyBytes, keepUid, matchUrl } from './request-object.ts';
import { warningsOf } from './send-warnings.ts';
import { updateTarget, type ObjectSubresource } from './update.ts';

/** @param patch the parsed body. */
type PatchFunction = (current: object, patch: unknown, schema: string) => object;

const strategicMediaType = 'application/strategic-merge-patch+json';

const patchFunctions = new Map<string, PatchFunction>([
  ['application/json-patch+json', applyJsonPatch],
  ['application/merge-patch+json', applyMergePatch],
  [strategicMediaType, applyStrategicMergePatch],
]);

export async function patchObject(call: ResourceCall, subresource?: ObjectSubresource): Promise<FastifyReply> {
  if (patchMediaType(call) === applyMediaType) return applyObject(call, subresource);
  const options = parsePatchOptions(call.query, false);
  const apply = patchFunction(call, call.resource, options.fieldValidation);
  const updated = await call.store.update(requestContext(call, options), {
    ...updateTarget(call), ...(subresource ? { subresource } : {}),
    change: (current) => {
      const wanted = apply(current);
      matchUrl(call, wanted);
      keepUid(call, wanted, current);
      return wanted;
    },
  });
  return sendObject(call, 200, updated);
}

/**
 * The kind of patch that a request has.
 * @throws StatusError UnsupportedMediaType.
 */
export function patchMediaType({ request, resource }: ResourceCall): string {
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  // Custom kinds have no schema that says how their lists merge strategically.
  const accepted = [...patchFunctions.keys(), applyMediaType].filter((candidate) => !resource.custom || candidate !== strategicMediaType);
  if (!accepted.includes(mediaType)) {
    throw newUnsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
  }
  return mediaType;
}

/**
 * Reads the patch of a request.
 * @param target what is patched: the call's kind, or a Scale.
 * @returns applies it to an object, as often as conflicts want.
 * @throws StatusError UnsupportedMediaType or BadRequest; the function it gives also Invalid.
 */
export function patchFunction<T extends KubernetesObject>(
  call: ResourceCall, target: DecodeTarget & { objectType?: T }, fieldValidation: FieldValidation,
): (current: T) => T {
  const mediaType = patchMediaType(call);
  const applyPatch = patchFunctions.get(mediaType)!;
  const { patch, duplicates } = parsePatch(bodyBytes(call), mediaType, fieldValidation);
  return (current) => {
    const result = applyPatch(current, patch, target.schema);
    const refuse = (why: string): StatusError => invalidPatchResult(mediaType === strategicMediaType ? formatGoValue(patch) : JSON.stringify(result), why);
    const patched = mediaType === strategicMediaType ? withKindOf(current, result, refuse) : result;
    const { object, warnings } = decodePatched(patched, target, { fieldValidation, refuse });
    const problems = [...duplicates, ...warnings];
    if (problems.length > 0 && fieldValidation === 'Strict') throw refuse(`strict decoding error: ${problems.join(', ')}`);
    const sink = warningsOf(call.request);
    sink.push(...problems.filter((problem) => !sink.includes(problem)));
    return object;
  };
}

/** A strategic merge patch cannot change the kind, and Kubernetes ignores what it says of it: Ansible scales with `kind: Deployment`. */
function withKindOf<T extends KubernetesObject>(current: T, patched: object, refuse: (why: string) => StatusError): object {
  const { apiVersion: saidVersion, kind: saidKind, ...rest } = patched as Record<string, unknown>;
  for (const said of [saidVersion, saidKind]) {
    if (said !== undefined && said !== null && typeof said !== 'string') throw refuse(Number.isInteger(said) ? 'cannot convert int64 to string' : 'unrecognized type: string');
  }
  const { apiVersion, kind } = current;
  return { ...(apiVersion === undefined ? {} : { apiVersion }), ...(kind === undefined ? {} : { kind }), ...rest };
}

interface PatchDecoding {
  fieldValidation: FieldValidation;
  refuse(why: string): StatusError;
}

function decodePatched<T extends KubernetesObject>(patched: object, target: DecodeTarget & { objectType?: T }, options: PatchDecoding): { object: T; warnings: string[] } {
  try {
    if (!target.custom) return decodeObject<T>(patched, target, { ...options, fieldValidation: options.fieldValidation === 'Strict' ? 'Warn' : options.fieldValidation });
    // The decoder of custom kinds may change what it gets, and the patched object shares parts of the stored one.
    return decodeObject<T>(structuredClone(patched), target, options);
  } catch (error) {
    // A patch may also have made it another kind.
    if (error instanceof StatusError && error.reason === 'BadRequest') throw options.refuse(error.message);
    throw error;
  }
}

const maxDuplicates = 100;

function parsePatch(bytes: Buffer, mediaType: string, fieldValidation: FieldValidation): { patch: unknown; duplicates: string[] } {
  const text = bytes.toString('utf8');
  try {
    const patch: unknown = JSON.parse(text);
    const fields = countFields(patch);
    const prefix = Array.isArray(patch) && mediaType === 'application/json-patch+json' ? 'json patch ' : '';
    const duplicates = fieldValidation === 'Ignore' ? [] : findDuplicateFields(text, fields, maxDuplicates).map((problem) => prefix + problem);
    return { patch, duplicates };
  } catch (error) {
    if (error instanceof SyntaxError) throw newBadRequest(`error decoding patch: ${jsonSyntaxError(text)}`);
    if (error instanceof RangeError || error instanceof DecodeError) throw newBadRequest(`error decoding patch: ${error.message}`);
    throw error;
  }
}
