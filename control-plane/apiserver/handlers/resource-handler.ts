/** From a request for a resource to the handler of its verb and subresource. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Pod } from '../../../api/core.ts';
import { newBadRequest, newMethodNotAllowed, type StatusError } from '../../../api/errors.ts';
import type { Resource, Subresource } from '../../../api/resources.ts';
import type { AppParts, ResourceCall } from '../app-parts.ts';
import { newMethodUnknown, newUnknownResource } from '../error-status.ts';
import { booleanValue, firstValue, type RawQuery } from '../query-options.ts';
import { pathSegment } from '../../registry/validation/names.ts';
import type { ResourceRequest, ResourceVerb } from '../request-info.ts';
import { addWarnings, checkAcceptable } from '../responses.ts';
import { bindPod, createObject } from './create.ts';
import { deleteCollection, deleteObject } from './delete.ts';
import { evictPod } from './eviction.ts';
import { readLog } from './log.ts';
import { patchObject } from './patch.ts';
import { containerOf } from './pod-stream.ts';
import { getObject, listObjects } from './read.ts';
import { getScale, patchScale, updateScale } from './scale.ts';
import { createToken } from './token.ts';
import { updateObject } from './update.ts';
import { virtualHandlers } from './virtual-resources.ts';
import { watchObjects } from './watch.ts';

type Handler = (call: ResourceCall) => Promise<FastifyReply> | FastifyReply;
type Handlers = Partial<Record<ResourceVerb, Handler>>;

/** Verbs of a collection and of one object in it. Those that need a name are never reached without. */
const collection: Handlers = { create: createObject, list: listObjects, watch: watchObjects, deletecollection: deleteCollection };
const single: Handlers = { get: getObject, update: (call) => updateObject(call), patch: (call) => patchObject(call), delete: deleteObject };

const readingVerbs: readonly string[] = ['get', 'list', 'watch'];

/** Commands answer in a protocol of their own. */
function isReading({ verb, subresource }: ResourceRequest): boolean {
  return readingVerbs.includes(verb) || ['exec', 'attach', 'portforward'].includes(subresource);
}

/** What is wrong with the pod is said before the request is found to be a plain one. */
async function requireUpgrade(call: ResourceCall): Promise<never> {
  const { name = '', namespace, subresource } = call.info;
  const pod = await call.store.get(name, namespace) as Pod;
  if (subresource !== 'portforward') containerOf(pod, firstValue(call.query, 'container'));
  if (!pod.spec?.nodeName) throw newBadRequest(`pod ${name} does not have a host assigned`);
  throw newBadRequest('Upgrade request required');
}

const subresources: Partial<Record<Subresource, Handlers>> = {
  status: { get: getObject, update: (call) => updateObject(call, 'status'), patch: (call) => patchObject(call, 'status') },
  finalize: { update: (call) => updateObject(call, 'finalize') },
  ephemeralcontainers: { get: getObject, update: (call) => updateObject(call, 'ephemeralcontainers'), patch: (call) => patchObject(call, 'ephemeralcontainers') },
  resize: { get: getObject, update: (call) => updateObject(call, 'resize'), patch: (call) => patchObject(call, 'resize') },
  approval: { get: getObject, update: (call) => updateObject(call, 'approval'), patch: (call) => patchObject(call, 'approval') },
  scale: { get: getScale, update: updateScale, patch: patchScale },
  binding: { create: bindPod },
  eviction: { create: evictPod },
  token: { create: createToken },
  log: { get: readLog },
  exec: { get: requireUpgrade, create: requireUpgrade },
  attach: { get: requireUpgrade, create: requireUpgrade },
  portforward: { get: requireUpgrade, create: requireUpgrade },
};

/** @throws StatusError BadRequest for what can be no segment of a path. */
function checkName(name: string): void {
  const [why] = pathSegment(name);
  if (why !== undefined) throw newBadRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${why}`);
}

/** Whether a request may last: it has no place among the requests in flight. */
export function isLongRunning(request: FastifyRequest): boolean {
  const { info } = request;
  if (!info.isResource) return false;
  return info.verb === 'watch' || info.subresource === 'proxy' || (info.subresource === 'log' && booleanValue(request.query as RawQuery, 'follow'));
}

export function createResourceHandler(parts: AppParts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { info } = request;
    if (!info.isResource) throw refuseDocument(parts, request, reply);
    const resource = parts.catalog.find(info.group, info.version, info.resource);
    // A namespaced object has no path without its namespace; a cluster-scoped one none with it.
    const scoped = resource?.namespaced ? info.namespace !== undefined || info.name === undefined : info.namespace === undefined || info.resource === 'namespaces';
    if (!resource || !scoped) throw newUnknownResource();
    const handlers = resource.virtual ? virtualHandlersOf(info) : handlersOf(resource, info);
    if (!handlers) throw newUnknownResource();
    if (info.name !== undefined) checkName(info.name);
    const acrossNamespaces = resource.namespaced && info.namespace === undefined && info.verb !== 'list' && info.verb !== 'watch';
    const handler = info.verb === '' || acrossNamespaces ? undefined : handlers[info.verb];
    if (!handler) reply.header('allow', allowedMethods(handlers));
    if (!handler) throw resource.custom && info.verb !== '' ? newMethodNotAllowed(resource, info.verb) : newMethodUnknown();
    if (!isReading(info)) checkAcceptable({ request, info, resource });
    const deprecation = resource.deprecationWarning ?? resource.custom?.deprecationWarning;
    if (deprecation !== undefined) addWarnings(reply, [deprecation]);
    const call = { parts, request, reply, info, query: request.query as RawQuery, resource };
    // Handlers of virtual kinds know that there is no store.
    return handler(resource.virtual ? call as ResourceCall : { ...call, store: parts.registry.of(resource) });
  };
}

const methods: Readonly<Record<ResourceVerb, string>> = {
  get: 'GET', list: 'GET', watch: 'GET', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETE',
};

function allowedMethods(handlers: Handlers): string {
  const verbs = Object.keys(handlers) as ResourceVerb[];
  return [...new Set(verbs.filter((verb) => handlers[verb]).map((verb) => methods[verb]))].join(', ');
}

/** Documents of discovery have routes of their own for GET: what comes here is another method, or there is no such document. */
function refuseDocument({ catalog }: AppParts, request: FastifyRequest, reply: FastifyReply): StatusError {
  const [prefix, group, version] = request.info.path.split('/').filter((part) => part !== '');
  const known = catalog.resources.some((row) => (prefix === 'api' ? row.group === '' && row.version === group : row.group === group && (version === undefined || row.version === version)));
  if (!known || request.method === 'GET' || request.method === 'HEAD') return newUnknownResource();
  reply.header('allow', 'GET');
  return newMethodUnknown();
}

/** Kinds that are answered at once and kept nowhere. */
function virtualHandlersOf({ group, resource, name, subresource }: ResourceRequest): Handlers | undefined {
  return subresource === '' ? virtualHandlers[group ? `${resource}.${group}` : resource]?.[name === undefined ? 'collection' : 'single'] : undefined;
}

function handlersOf(resource: Resource, { name, subresource }: ResourceRequest): Handlers | undefined {
  if (name === undefined) return resource.deleteCollection ? collection : { ...collection, deletecollection: undefined };
  if (subresource === '') return { ...single, watch: watchObjects };
  const known = resource.subresources.find((candidate) => candidate === subresource);
  return known ? subresources[known] ?? {} : undefined;
}
