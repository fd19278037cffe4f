/** The object in the body of a request, checked against the URL. */
import { decodeBody, decodeObject, type DecodeTarget } from '../../../api/decode/decode-object.ts';
import { newBadRequest, newInvalid } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { ResourceCall } from '../app-parts.ts';
import { decodeProtobuf } from '../protobuf/decode-protobuf.ts';
import type { FieldValidation } from '../query-options.ts';
import { objectNamespace } from './read.ts';
import { warningsOf } from './send-warnings.ts';

const protobufMediaType = 'application/vnd.kubernetes.protobuf';

export function bodyBytes(call: ResourceCall): Buffer {
  return Buffer.isBuffer(call.request.body) ? call.request.body : Buffer.alloc(0);
}

/**
 * Decodes the body and sends its warnings along.
 * @throws StatusError BadRequest or UnsupportedMediaType.
 */
export async function decodeRequest<T extends KubernetesObject>(
  call: ResourceCall, target: DecodeTarget & { objectType?: T }, fieldValidation: FieldValidation,
): Promise<T> {
  const contentType = call.request.headers['content-type'];
  const { object, warnings } = contentType?.startsWith(protobufMediaType)
    ? decodeObject<T>(decodeProtobuf(bodyBytes(call), target.schema), target, { fieldValidation })
    : await decodeBody<T>(bodyBytes(call), contentType, target, { fieldValidation });
  if (warnings.length > 0) warningsOf(call.request).push(...warnings);
  call.request.audit?.noteRequest(object, bodyBytes(call).length);
  return object;
}

/**
 * Fills in the namespace of the URL; the name an object must have itself, also after a patch.
 * @throws StatusError BadRequest when the object names others, or has no name.
 */
export function matchUrl(call: ResourceCall, object: KubernetesObject): void {
  const metadata = (object.metadata ??= {});
  const namespace = objectNamespace(call);
  if (namespace !== undefined) {
    if (metadata.namespace && metadata.namespace !== namespace) {
      throw newBadRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    metadata.namespace = namespace;
  }
  const { name } = call.info;
  if (name === undefined) return;
  if (!metadata.name) throw newBadRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== name) throw newBadRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
}

/**
 * Of a PUT the UID says which object is meant; a patch has been applied to whatever is there.
 * @throws StatusError Invalid.
 */
export function keepUid(call: ResourceCall, wanted: KubernetesObject, current: KubernetesObject | undefined): void {
  const uid = wanted.metadata?.uid;
  if (!uid || !current || uid === current.metadata?.uid) return;
  throw newInvalid(call.resource, call.info.name!, [{ reason: 'FieldValueInvalid', field: 'metadata.uid', message: `Invalid value: ${JSON.stringify(uid)}: field is immutable` }]);
}
