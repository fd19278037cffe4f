/** What the server can do, as clients ask it: /api, /apis and below, plain and aggregated. Driven by the resource catalog. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MutableResourceCatalog, type ResourceCatalog } from '../../registry/resource-catalog.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from '../discovery/discovery-documents.ts';
import { servedGroups, type AggregatedGroupVersion, type AggregatedGroupVersions, type ServedGroup } from '../discovery/group-versions.ts';
import { newUnknownResource } from '../error-status.ts';
import { mediaTypes, negotiate, type Transformation } from '../negotiation.ts';
import { encodeValue, sendBytes, sendValue } from '../responses.ts';
import { messageOfValue } from '../value-messages.ts';

const aggregatedForms: readonly Transformation<'aggregated'>[] = [
  { as: 'APIGroupDiscoveryList', group: 'apidiscovery.k8s.io', versions: ['v2', 'v2beta1'], form: 'aggregated' },
];

const noAggregation: AggregatedGroupVersions = { groupVersions: [] };

/** The groups of the moment, sorted once per change. */
export class ServedGroups {
  private readonly catalog: ResourceCatalog;
  private readonly extensions: AggregatedGroupVersions;
  private seen: { rows: unknown; extensions: readonly AggregatedGroupVersion[]; groups: readonly ServedGroup[] } | undefined;

  constructor(catalog: ResourceCatalog, extensions: AggregatedGroupVersions = noAggregation) {
    this.catalog = catalog;
    this.extensions = extensions;
  }

  get groups(): readonly ServedGroup[] {
    const rows = this.catalog.resources;
    const extensions = this.extensions.groupVersions;
    if (this.seen?.rows !== rows || this.seen.extensions !== extensions) this.seen = { rows, extensions, groups: servedGroups(this.catalog, extensions) };
    return this.seen.groups;
  }

  find(group: string): ServedGroup | undefined {
    return this.groups.find((served) => served.group === group);
  }
}

export function registerDiscovery(app: FastifyInstance, served: ServedGroups = new ServedGroups(new MutableResourceCatalog())): void {
  app.get('/api', (request, reply) => send({ request, reply, served, core: true }, apiVersions(served.find(''), request.host)));
  app.get('/apis', (request, reply) => send({ request, reply, served, core: false }, apiGroupList(served.groups)));
  app.get<{ Params: { group: string } }>('/apis/:group', (request, reply) => {
    const group = served.find(request.params.group);
    if (!group) throw newUnknownResource();
    return sendValue(request, reply, 200, apiGroup(group));
  });
  const sendResources = (request: FastifyRequest, reply: FastifyReply, group: string, version: string) => {
    const found = served.find(group)?.versions.find((candidate) => candidate.version === version);
    if (!found) throw newUnknownResource();
    return sendValue(request, reply, 200, apiResourceList(group, found));
  };
  app.get<{ Params: { version: string } }>('/api/:version', (request, reply) => sendResources(request, reply, '', request.params.version));
  app.get<{ Params: { group: string; version: string } }>('/apis/:group/:version', (request, reply) => sendResources(request, reply, request.params.group, request.params.version));
}

interface AggregatedRequest {
  request: FastifyRequest;
  reply: FastifyReply;
  served: ServedGroups;
  /** The core group, or all others. */
  core: boolean;
}

async function send({ request, reply, served, core }: AggregatedRequest, plain: object): Promise<FastifyReply> {
  const negotiated = negotiate(request.headers.accept, aggregatedForms, { protobuf: true });
  reply.header('vary', 'Accept');
  if (negotiated.form === 'object') return sendValue(request, reply, 200, plain);
  const shown = served.groups.filter(({ group }) => (group === '') === core);
  const document = aggregatedDiscovery(shown, negotiated.version);
  const etag = `"${createHash('sha512').update(JSON.stringify(document)).digest('hex').toUpperCase()}"`;
  reply.header('etag', etag);
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  const bytes = encodeValue(document, messageOfValue(document), negotiated.encoding);
  // Clients tell the aggregated form from the plain one by the content type alone.
  const contentType = `${mediaTypes[negotiated.encoding]};g=apidiscovery.k8s.io;v=${negotiated.version};as=APIGroupDiscoveryList`;
  return sendBytes(request, reply, 200, bytes, { ...negotiated, contentType });
}
