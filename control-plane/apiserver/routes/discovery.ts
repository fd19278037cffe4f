/** What the server can do, as clients ask it: /api, /apis and below, plain and aggregated. Driven by the resource table. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { resources, type Resource, type Subresource } from '../../../api/resources.ts';
import { newUnknownResource } from '../error-status.ts';
import { negotiate, type Transformation } from '../negotiation.ts';
import { sendBytes, sendValue } from '../responses.ts';

/** The core group first, the others as the table has them. */
const groups: readonly string[] = [...new Set(resources.map((resource) => resource.group))];
const namedGroups = groups.filter((group) => group !== '');

const aggregatedForms: readonly Transformation<'aggregated'>[] = [
  { as: 'APIGroupDiscoveryList', group: 'apidiscovery.k8s.io', versions: ['v2', 'v2beta1'], form: 'aggregated' },
];

export function registerDiscovery(app: FastifyInstance): void {
  app.get('/api', (request, reply) => send(request, reply, [''], coreVersions(request)));
  app.get('/apis', (request, reply) => send(request, reply, namedGroups, { kind: 'APIGroupList', apiVersion: 'v1', groups: namedGroups.map((group) => apiGroup(group)) }));
  app.get<{ Params: { group: string } }>('/apis/:group', (request, reply) => {
    const { group } = request.params;
    if (!namedGroups.includes(group)) throw newUnknownResource();
    return sendValue(request, reply, 200, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) });
  });
  app.get<{ Params: { version: string } }>('/api/:version', (request, reply) => sendResources(request, reply, '', request.params.version));
  app.get<{ Params: { group: string; version: string } }>('/apis/:group/:version', (request, reply) => sendResources(request, reply, request.params.group, request.params.version));
}

async function send(request: FastifyRequest, reply: FastifyReply, shown: readonly string[], plain: object): Promise<FastifyReply> {
  const negotiated = negotiate(request.headers.accept, aggregatedForms);
  if (negotiated.form === 'object') return sendValue(request, reply, 200, plain);
  const bytes = Buffer.from(`${JSON.stringify(aggregated(shown, negotiated.version))}\n`);
  const etag = `"${createHash('sha256').update(bytes).digest('hex').toUpperCase()}"`;
  reply.header('etag', etag).header('vary', 'Accept');
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  // Clients tell the aggregated form from the plain one by the content type alone.
  const contentType = `application/${negotiated.encoding};g=apidiscovery.k8s.io;v=${negotiated.version};as=APIGroupDiscoveryList`;
  return sendBytes(request, reply, 200, bytes, { ...negotiated, contentType });
}

function coreVersions(request: FastifyRequest): object {
  return { kind: 'APIVersions', versions: versionsOf(''), serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: request.host }] };
}

function versionsOf(group: string): string[] {
  return [...new Set(resources.filter((resource) => resource.group === group).map((resource) => resource.version))];
}

function apiGroup(group: string) {
  const versions = versionsOf(group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

async function sendResources(request: FastifyRequest, reply: FastifyReply, group: string, version: string): Promise<FastifyReply> {
  const rows = resources.filter((resource) => resource.group === group && resource.version === version);
  if (rows.length === 0) throw newUnknownResource();
  const groupVersion = group ? `${group}/${version}` : version;
  return sendValue(request, reply, 200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: rows.flatMap(apiResources) });
}

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function verbsOf(resource: Resource): string[] {
  return resource.deleteCollection ? allVerbs : allVerbs.filter((verb) => verb !== 'deletecollection');
}

interface SubresourceFacts {
  verbs: string[];
  /** Of the object the subresource takes and gives; default: the resource's own. */
  group?: string;
  version?: string;
  kind?: string;
}

function factsOf(subresource: Subresource): SubresourceFacts {
  switch (subresource) {
    case 'status': return { verbs: ['get', 'patch', 'update'] };
    case 'scale': return { verbs: ['get', 'patch', 'update'], group: 'autoscaling', version: 'v1', kind: 'Scale' };
    case 'finalize': return { verbs: ['update'] };
    case 'binding': return { verbs: ['create'], kind: 'Binding' };
    case 'eviction': return { verbs: ['create'], group: 'policy', version: 'v1', kind: 'Eviction' };
    case 'log': return { verbs: ['get'] };
    case 'exec': return { verbs: ['create', 'get'], kind: 'PodExecOptions' };
    case 'attach': return { verbs: ['create', 'get'], kind: 'PodAttachOptions' };
    case 'proxy': return { verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'PodProxyOptions' };
    case 'ephemeralcontainers': return { verbs: ['get', 'patch', 'update'] };
    case 'token': return { verbs: ['create'], group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
    case 'approval': return { verbs: ['get', 'patch', 'update'] };
    case 'portforward': return { verbs: ['create', 'get'], kind: 'PodPortForwardOptions' };
  }
}

function apiResources(resource: Resource): object[] {
  const own = {
    name: resource.plural, singularName: resource.singular, namespaced: resource.namespaced, kind: resource.kind, verbs: verbsOf(resource),
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    storageVersionHash: storageVersionHash(resource),
  };
  const below = resource.subresources.map((subresource) => {
    const { verbs, kind = resource.kind, ...scope } = factsOf(subresource);
    return { name: `${resource.plural}/${subresource}`, singularName: '', namespaced: resource.namespaced, ...scope, kind, verbs };
  });
  return [own, ...below];
}

/** Opaque; the same for all clusters that store the kind in this version. */
function storageVersionHash({ group, version, kind }: Resource): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

function aggregated(shown: readonly string[], version: string): object {
  return {
    kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {},
    items: shown.map((group) => ({
      metadata: group ? { name: group, creationTimestamp: null } : { creationTimestamp: null },
      versions: versionsOf(group).map((groupVersion) => ({
        version: groupVersion, freshness: 'Current',
        resources: resources.filter((resource) => resource.group === group && resource.version === groupVersion).map(aggregatedResource),
      })),
    })),
  };
}

function aggregatedResource(resource: Resource): object {
  const responseKind = { group: resource.group, version: resource.version, kind: resource.kind };
  return {
    resource: resource.plural, responseKind, scope: resource.namespaced ? 'Namespaced' : 'Cluster', singularResource: resource.singular, verbs: verbsOf(resource),
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(resource.subresources.length > 0 ? { subresources: resource.subresources.map((subresource) => {
      const { verbs, ...own } = factsOf(subresource);
      return { subresource, responseKind: { ...responseKind, ...own }, verbs };
    }) } : {}),
  };
}
