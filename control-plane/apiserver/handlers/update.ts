/** PUT: replace an object or its status, finalizers; of some kinds also create it. */
import type { FastifyReply } from 'fastify';
import { newBadRequest, newConflict } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { newAccessForbidden } from '../../authorization/authorizer.ts';
import type { UpdatedSubresource } from '../../registry/registry.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parseWriteOptions } from '../query-options.ts';
import { sendObject } from '../responses.ts';
import { objectNamespace } from './read.ts';
import { decodeRequest, matchUrl } from './request-object.ts';

export type ObjectSubresource = Exclude<UpdatedSubresource, 'scale'>;

export async function updateObject(call: ResourceCall, subresource?: ObjectSubresource): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'UpdateOptions');
  const object = await decodeRequest(call, call.resource, options.fieldValidation);
  if (!object.metadata?.name) throw newBadRequest(`the name of the object (${call.info.name!} based on URL) was undeterminable: name must be provided`);
  matchUrl(call, object);
  const found = { before: false };
  const change = () => {
    found.before = true;
    return structuredClone(object);
  };
  const updated = await call.store.update(requestContext(call, options), {
    ...updateTarget(call), ...(subresource ? { subresource } : { createIfMissing: () => creatable(call, object) }), change,
  });
  return sendObject(call, found.before ? 200 : 201, updated);
}

/**
 * Who updates into being must be allowed to create.
 * @throws StatusError Forbidden, or Conflict when the client means an object that it has seen.
 */
export function creatable<T extends KubernetesObject>(call: ResourceCall, object: T): T {
  const { info: { group, version, resource, namespace }, request: { user }, parts } = call;
  const name = call.info.name!;
  const attributes = { user, isResource: true, verb: 'create', group, version, resource, subresource: '', namespace, name } as const;
  const { decision, reason } = parts.authorizer.authorize(attributes);
  if (decision !== 'allow') throw newAccessForbidden(attributes, reason);
  const uid = object.metadata?.uid;
  if (uid) throw newConflict(call.resource, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
  return object;
}

export function updateTarget(call: ResourceCall): { name: string; namespace?: string } {
  const namespace = objectNamespace(call);
  return { name: call.info.name!, ...(namespace === undefined ? {} : { namespace }) };
}

