/** /openapi/v2 (JSON and protobuf) and /openapi/v3 (an index, and a document per group-version). */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newNotAcceptable } from '../../../api/errors.ts';
import type { Resource } from '../../../api/resources.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { MutableResourceCatalog, type ResourceCatalog } from '../../registry/resource-catalog.ts';
import { newUnknownResource } from '../error-status.ts';
import { acceptsMediaType, parseAccept } from '../negotiation.ts';
import { groupVersionDocument, groupVersionRows, swaggerDocument } from '../openapi/documents.ts';
import { encodeGnostic } from '../openapi/gnostic.ts';
import { IdleCache } from '../openapi/idle-cache.ts';
import { sendBytes, sendValue } from '../responses.ts';

/** kubectl asks several times in a row, then not for hours. */
const idleMs = 5 * 60 * 1000;
const gnosticType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The first is how clients up to 1.26 spell it. */
const gnosticTypes = ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', gnosticType];

/** @param version of the server, `v1.36.0+bramble-0.1.0`. */
export function registerOpenApi(app: FastifyInstance, version: string, clock: Clock, catalog: ResourceCatalog = new MutableResourceCatalog()): void {
  const cache = new IdleCache(clock, idleMs);
  const unsubscribe = catalog.onChange(() => cache.stop());
  app.addHook('onClose', (_app, done) => {
    unsubscribe();
    cache.stop();
    done();
  });
  app.get('/openapi/v2', (request, reply) => {
    if (wantsGnostic(request.headers.accept)) {
      return sendDocument(request, reply, cache.get('v2.protobuf', () => encodeGnostic(swaggerDocument(catalog.resources, version))), gnosticType);
    }
    return sendDocument(request, reply, cache.get('v2.json', () => json(swaggerDocument(catalog.resources, version))), 'application/json');
  });
  const documentOf = (path: string, rows: readonly Resource[]): Buffer => cache.get(path, () => json(groupVersionDocument(rows, version)));
  app.get('/openapi/v3', (request, reply) => {
    const paths = Object.fromEntries([...groupVersionRows(catalog.resources)]
      .map(([path, rows]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash(documentOf(path, rows))}` }]));
    return sendValue(request, reply, 200, { paths });
  });
  app.get<{ Params: { '*': string } }>('/openapi/v3/*', (request, reply) => {
    const path = request.params['*'];
    const rows = groupVersionRows(catalog.resources).get(path);
    if (!rows) throw newUnknownResource();
    return sendDocument(request, reply, documentOf(path, rows), 'application/json');
  });
}

/** @throws StatusError NotAcceptable. */
function wantsGnostic(accept: string | undefined): boolean {
  for (const clause of accept ? parseAccept(accept) : []) {
    if (acceptsMediaType(clause, 'application/json')) return false;
    if (gnosticTypes.includes(clause.mediaType)) return true;
  }
  if (accept) throw newNotAcceptable(`only the following media types are accepted: application/json, ${gnosticTypes.join(', ')}`);
  return false;
}

function sendDocument(request: FastifyRequest, reply: FastifyReply, bytes: Buffer, contentType: string): Promise<FastifyReply> | FastifyReply {
  const etag = `"${hash(bytes)}"`;
  reply.header('etag', etag).header('vary', 'Accept');
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return sendBytes(request, reply, 200, bytes, { encoding: 'json', contentType });
}

function hash(bytes: Buffer): string {
  return createHash('sha512').update(bytes).digest('hex').toUpperCase();
}

function json(value: object | undefined): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
