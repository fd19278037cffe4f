/** GET of one object and of a collection. */
import type { FastifyReply } from 'fastify';
import type { ResourceCall } from '../app-parts.ts';
import { firstValue, parseListQuery } from '../query-options.ts';
import { sendObject, sendObjectList } from '../responses.ts';

export async function getObject(call: ResourceCall): Promise<FastifyReply> {
  // Reads are as new as can be: what a client may ask for is that they are not older than what it saw.
  const resourceVersion = firstValue(call.query, 'resourceVersion');
  if (resourceVersion) call.parts.registry.checkVersion(resourceVersion);
  return sendObject(call, 200, await call.store.get(call.info.name!, objectNamespace(call)));
}

export async function listObjects(call: ResourceCall): Promise<FastifyReply> {
  const namespace = objectNamespace(call);
  return sendObjectList(call, await call.store.list(parseListQuery(call.query, namespace)));
}

/** The namespace of the object itself: a Namespace has none, though its path names one. */
export function objectNamespace(call: Pick<ResourceCall, 'resource' | 'info'>): string | undefined {
  return call.resource.namespaced ? call.info.namespace : undefined;
}
