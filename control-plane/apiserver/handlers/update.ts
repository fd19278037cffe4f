/** PUT: replace an object or its status, finalizers; of some kinds also create it. */
import type { FastifyReply } from 'fastify';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parseWriteOptions } from '../query-options.ts';
import { sendObject } from '../responses.ts';
import { objectNamespace } from './read.ts';
import { decodeRequest, matchUrl } from './request-object.ts';

export type ObjectSubresource = 'status' | 'finalize';

export async function updateObject(call: ResourceCall, subresource?: ObjectSubresource): Promise<FastifyReply> {
  const options = parseWriteOptions(call.query, 'UpdateOptions');
  const object = await decodeRequest(call, call.resource, options.fieldValidation);
  matchUrl(call, object);
  const found = { before: false };
  const change = () => {
    found.before = true;
    return structuredClone(object);
  };
  const updated = await call.store.update(requestContext(call, options), {
    ...updateTarget(call), ...(subresource ? { subresource } : { createIfMissing: object }), change,
  });
  return sendObject(call, found.before ? 200 : 201, updated);
}

export function updateTarget(call: ResourceCall): { name: string; namespace?: string } {
  const namespace = objectNamespace(call);
  return { name: call.info.name!, ...(namespace === undefined ? {} : { namespace }) };
}

