/** PATCH: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7396) and strategic merge patch. */
import type { FastifyReply } from 'fastify';
import { decodeObject, type DecodeTarget } from '../../../api/decode/decode-object.ts';
import { newBadRequest, newUnsupportedMediaType } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { applyJsonPatch } from '../../../api/patch/json-patch.ts';
import { applyMergePatch } from '../../../api/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../../../api/patch/strategic-merge-patch.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parseWriteOptions, type FieldValidation } from '../query-options.ts';
import { sendObject } from '../responses.ts';
import { bodyBytes, matchUrl } from './request-object.ts';
import { warningsOf } from './send-warnings.ts';
import { updateTarget, type ObjectSubresource } from './update.ts';

/** @param patch the parsed body. */
type PatchFunction = (current: object, patch: unknown, schema: string) => object;

const patchFunctions = new Map<string, PatchFunction>([
  ['application/json-patch+json', applyJsonPatch],
  ['application/merge-patch+json', applyMergePatch],
  ['application/strategic-merge-patch+json', applyStrategicMergePatch],
]);

export async function patchObject(call: ResourceCall, subresource?: ObjectSubresource): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'PatchOptions');
  const apply = patchFunction(call, call.resource, options.fieldValidation);
  const updated = await call.store.update(requestContext(call, options), {
    ...updateTarget(call), ...(subresource ? { subresource } : {}),
    change: (current) => {
      const wanted = apply(current);
      matchUrl(call, wanted);
      return wanted;
    },
  });
  return sendObject(call, 200, updated);
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
  const applyPatch = findPatchFunction(call.request.headers['content-type']);
  const patch = parsePatch(bodyBytes(call));
  return (current) => {
    const { object, warnings } = decodeObject<T>(applyPatch(current, patch, target.schema), target, { fieldValidation });
    if (warnings.length > 0) warningsOf(call.request).push(...warnings);
    return object;
  };
}

function findPatchFunction(contentType: string | undefined): PatchFunction {
  const found = patchFunctions.get((contentType ?? '').split(';', 1)[0]!.trim().toLowerCase());
  if (!found) {
    throw newUnsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${[...patchFunctions.keys()].join(', ')}`);
  }
  return found;
}

function parsePatch(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw newBadRequest(`error decoding patch: ${(error as SyntaxError).message}`);
  }
}
