/** /openapi/v2 and /openapi/v3 (an index, and a document per group-version), each as JSON and as protobuf. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newNotAcceptable } from '../../../api/errors.ts';
import type { Resource } from '../../../api/resources.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { MutableResourceCatalog, type ResourceCatalog } from '../../registry/resource-catalog.ts';
import type { ExtensionSwagger } from '../../aggregation/extension-swagger.ts';
import { newUnknownResource } from '../error-status.ts';
import { acceptsMediaType, parseAccept } from '../negotiation.ts';
import type { SwaggerDocument } from '../openapi/documents.ts';
import { IdleCache } from '../openapi/idle-cache.ts';
import { firstValue, type RawQuery } from '../query-options.ts';
import { sendBytes, sendValue } from '../responses.ts';

/** Of extension API servers. */
interface AggregatedDocuments {
  readonly openApiPaths: Readonly<Record<string, string>>;
  readonly swagger?: Pick<ExtensionSwagger, 'fingerprint' | 'parts'> | undefined;
}

/** kubectl asks several times in a row, then not for hours. */
const idleMs = 5 * 60 * 1000;
const yearMs = 365 * 24 * 60 * 60 * 1000;
/** The second is how clients up to 1.26 spell it. */
const gnosticTypes = ['application/com.github.proto-openapi.spec.v2.v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'] as const;
const gnosticV3Types = ['application/com.github.proto-openapi.spec.v3.v1.0+protobuf', 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf'] as const;

/**
 * What documents are made with is loaded when one is asked for.
 * @param version of the server, `v1.36.0+bramble-0.1.0`.
 * @param aggregated documents of other servers: of version 3 they answer themselves, of version 2 there is one for all.
 */
export function registerOpenApi(
  app: FastifyInstance, version: string, clock: Clock, catalog: ResourceCatalog = new MutableResourceCatalog(), aggregated?: AggregatedDocuments,
): void {
  const cache = new IdleCache(clock, idleMs);
  const hashes = new DocumentHashes(catalog, version);
  const unsubscribe = catalog.onChange(() => cache.stop());
  app.addHook('onClose', (_app, done) => {
    unsubscribe();
    cache.stop();
    done();
  });
  let merged = '';
  app.get('/openapi/v2', async (request, reply) => {
    const protobuf = wantsGnostic(request.headers.accept, gnosticTypes);
    const fingerprint = aggregated?.swagger?.fingerprint ?? '';
    const answer = beginDocument(request, reply, fingerprint === '' ? hashes.whole : hashes.with(fingerprint));
    if (answer) return answer;
    if (fingerprint !== merged) cache.stop();
    merged = fingerprint;
    const bytes = await cache.get(`v2 ${protobuf}`, async () => {
      const { descriptions, documents, gnostic } = await loadGenerators();
      const own = documents.swaggerDocument(catalog.resources, version, descriptions);
      const document = fingerprint === '' ? own : await withOthers(own, aggregated);
      return protobuf ? gnostic.encodeGnostic(document) : json(document);
    });
    return sendBytes(request, reply, 200, bytes, { encoding: 'json', contentType: protobuf ? gnosticTypes[0] : 'application/json' });
  });
  app.get('/openapi/v3', (request, reply) => {
    const own = [...hashes.groupVersions].map(([path, { hash }]) => [path, { serverRelativeURL: urlOf(path, hash) }] as const);
    const others = Object.entries(aggregated?.openApiPaths ?? {}).map(([path, serverRelativeURL]) => [path, { serverRelativeURL }] as const);
    return sendValue(request, reply, 200, { paths: Object.fromEntries([...own, ...others]) });
  });
  app.get<{ Params: { '*': string } }>('/openapi/v3/*', async (request, reply) => {
    const path = request.params['*'];
    const found = hashes.groupVersions.get(path);
    if (!found) throw newUnknownResource();
    const protobuf = wantsGnostic(request.headers.accept, gnosticV3Types);
    const asked = firstValue(request.query as RawQuery, 'hash');
    if (asked && asked !== found.hash) return reply.redirect(urlOf(path, found.hash), 301);
    // What has its hash in its address never changes.
    if (asked) reply.header('cache-control', 'public, immutable').header('expires', new Date(clock.now() + yearMs).toUTCString());
    const answer = beginDocument(request, reply, found.hash);
    if (answer) return answer;
    const bytes = await cache.get(`${path} ${protobuf}`, async () => {
      const { descriptions, documents, gnosticV3 } = await loadGenerators();
      const document = documents.groupVersionDocument(found.rows, version, descriptions);
      return protobuf ? gnosticV3.encodeGnosticV3(document) : json(document);
    });
    return sendBytes(request, reply, 200, bytes, { encoding: 'json', contentType: protobuf ? gnosticV3Types[0] : 'application/json' });
  });
}

async function withOthers(own: SwaggerDocument, aggregated: AggregatedDocuments | undefined): Promise<SwaggerDocument> {
  const { mergeSwagger } = await import('../../aggregation/extension-swagger.ts');
  return mergeSwagger(own, await aggregated?.swagger?.parts() ?? []);
}

function urlOf(path: string, hash: string): string {
  return `/openapi/v3/${path}?hash=${hash}`;
}

async function loadGenerators() {
  const [{ loadDescriptions }, documents, gnostic, gnosticV3] = await Promise.all([
    import('../openapi/descriptions.ts'), import('../openapi/documents.ts'), import('../openapi/gnostic.ts'), import('../openapi/gnostic-v3.ts'),
  ]);
  return { descriptions: await loadDescriptions(), documents, gnostic, gnosticV3 };
}

interface HashedGroupVersion {
  rows: readonly Resource[];
  hash: string;
}

/** Names of documents by what they are made of, so that none has to be made to be named. */
class DocumentHashes {
  private readonly catalog: ResourceCatalog;
  private readonly version: string;
  private seen: { rows: unknown; groupVersions: ReadonlyMap<string, HashedGroupVersion>; whole: string } | undefined;

  constructor(catalog: ResourceCatalog, version: string) {
    this.catalog = catalog;
    this.version = version;
  }

  /** Under `apis/apps/v1`, as the index of version 3 names them. */
  get groupVersions(): ReadonlyMap<string, HashedGroupVersion> {
    return this.current().groupVersions;
  }

  get whole(): string {
    return this.current().whole;
  }

  /** Of everything, and of what others add to it. */
  with(others: string): string {
    return this.hash(`${this.whole} ${others}`);
  }

  private current() {
    const { resources } = this.catalog;
    if (this.seen?.rows !== resources) {
      const rows = new Map<string, Resource[]>();
      for (const row of resources) {
        const path = row.group ? `apis/${row.group}/${row.version}` : `api/${row.version}`;
        const known = rows.get(path);
        if (known) known.push(row);
        else rows.set(path, [row]);
      }
      const groupVersions = new Map([...rows].map(([path, list]) => [path, { rows: list, hash: this.hash(JSON.stringify(list)) }]));
      this.seen = { rows: resources, groupVersions, whole: this.hash([...groupVersions.values()].map(({ hash }) => hash).join()) };
    }
    return this.seen;
  }

  private hash(text: string): string {
    return createHash('sha512').update(this.version).update(text).digest('hex').toUpperCase();
  }
}

/** @throws StatusError NotAcceptable. */
function wantsGnostic(accept: string | undefined, types: readonly string[]): boolean {
  for (const clause of accept ? parseAccept(accept) : []) {
    if (acceptsMediaType(clause, 'application/json')) return false;
    if (types.includes(clause.mediaType)) return true;
  }
  if (accept) throw newNotAcceptable(`only the following media types are accepted: application/json, ${types.join(', ')}`);
  return false;
}

/** @returns the answer for a client that has the document already. */
function beginDocument(request: FastifyRequest, reply: FastifyReply, hash: string): FastifyReply | undefined {
  const etag = `"${hash}"`;
  reply.header('etag', etag).header('vary', 'Accept');
  return request.headers['if-none-match'] === etag ? reply.code(304).send() : undefined;
}

function json(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
