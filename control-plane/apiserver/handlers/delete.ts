/** DELETE of one object and of a collection. */
import type { FastifyReply } from 'fastify';
import type { DeleteOptions } from '../../../api/meta.ts';
import { requestContext, type ResourceCall } from '../app-parts.ts';
import { parseDeleteQuery, parseListQuery, validateDeleteOptions } from '../query-options.ts';
import { sendObject, sendObjectList, sendValue } from '../responses.ts';
import { objectNamespace } from './read.ts';
import { bodyBytes, decodeRequest } from './request-object.ts';

const optionsTarget = { group: '', version: 'v1', kind: 'DeleteOptions', schema: 'k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions' };

export async function deleteObject(call: ResourceCall): Promise<FastifyReply> {
  const options = await deleteOptions(call);
  const result = await call.store.delete(contextOf(call, options), call.info.name!, objectNamespace(call), options);
  // 202 tells clients that asked for cascading deletion with the old field that it is still under way.
  if (result.kind !== 'Status') return sendObject(call, options.orphanDependents === false ? 202 : 200, result);
  return sendValue(call.request, call.reply, 200, result);
}

export async function deleteCollection(call: ResourceCall): Promise<FastifyReply> {
  const options = await deleteOptions(call);
  const query = parseListQuery(call.query, objectNamespace(call));
  return sendObjectList(call, await call.store.deleteCollection(contextOf(call, options), query, options));
}

/** From the body, or the query where there is none. */
async function deleteOptions(call: ResourceCall): Promise<DeleteOptions> {
  const options = bodyBytes(call).length === 0
    ? parseDeleteQuery(call.query)
    : await decodeRequest<DeleteOptions>(call, optionsTarget, 'Ignore');
  validateDeleteOptions(options);
  return options;
}

function contextOf(call: ResourceCall, options: DeleteOptions) {
  return requestContext(call, { dryRun: options.dryRun?.includes('All') ?? false });
}
