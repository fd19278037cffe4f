/** Sends objects, lists and statuses in the form the client accepts. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KubernetesObject, ObjectList, Status } from '../../api/meta.ts';
import { apiVersionOf, type Resource } from '../../api/resources.ts';
import type { AppParts, ResourceCall } from './app-parts.ts';
import { negotiate, type Negotiated, type Transformation } from './negotiation.ts';
import { encodeList, encodeMetadata, encodeObject } from './object-encoder.ts';
import { encodeTable, type IncludeObject, includeObjectOf } from './printers/table.ts';
import { booleanValue, firstValue, type RawQuery } from './query-options.ts';

const compress = promisify(gzip);
/** Smaller answers are not worth the compression, in Kubernetes' judgement too. */
const compressFromBytes = 128 * 1024;

export type ObjectForm = 'table' | 'metadata' | 'metadataList';

const metaVersions = ['v1', 'v1beta1'];
const tableForm: Transformation<ObjectForm> = { as: 'Table', group: 'meta.k8s.io', versions: metaVersions, form: 'table' };
/** Forms of one object and of the events of a watch. */
export const objectForms: readonly Transformation<ObjectForm>[] = [
  tableForm, { as: 'PartialObjectMetadata', group: 'meta.k8s.io', versions: metaVersions, form: 'metadata' },
];
const listForms: readonly Transformation<ObjectForm>[] = [
  tableForm, { as: 'PartialObjectMetadataList', group: 'meta.k8s.io', versions: metaVersions, form: 'metadataList' },
];

/**
 * Before a write: what was done cannot be refused afterwards.
 * @throws StatusError NotAcceptable when the client accepts no form of the answer.
 */
export function checkAcceptable({ request, info }: Pick<ResourceCall, 'request' | 'info'>): void {
  negotiate(request.headers.accept, info.verb === 'deletecollection' ? listForms : objectForms);
}

/** Answers with one object of the call's kind. */
export async function sendObject(call: ResourceCall, code: number, object: KubernetesObject): Promise<FastifyReply> {
  const negotiated = negotiate(call.request.headers.accept, objectForms);
  const bytes = negotiated.form === 'object'
    ? withLineEnd(encodeObject(call.resource, object))
    : encodeForm(call.parts, call.resource, negotiated, { metadata: { resourceVersion: object.metadata?.resourceVersion }, items: [object] }, includeObjectOf(call.query));
  return sendBytes(call.request, call.reply, code, bytes, negotiated);
}

export async function sendObjectList(call: ResourceCall, list: ObjectList): Promise<FastifyReply> {
  const negotiated = negotiate(call.request.headers.accept, listForms);
  const { resource } = call;
  const bytes = negotiated.form === 'object'
    ? encodeList(`${resource.kind}List`, apiVersionOf(resource), list.metadata, list.items.map((item) => encodeObject(resource, item)))
    : encodeForm(call.parts, resource, negotiated, list, includeObjectOf(call.query));
  return sendBytes(call.request, call.reply, 200, bytes, negotiated);
}

function encodeForm(parts: AppParts, resource: Resource, negotiated: Negotiated<ObjectForm>, list: ObjectList, includeObject: IncludeObject): Buffer {
  const { form, version } = negotiated;
  if (form === 'table') return encodeTable({ resource, list, now: parts.clock.now(), version, includeObject, columns: true });
  if (form === 'metadata') return withLineEnd(encodeMetadata(list.items[0]!, version));
  return encodeList('PartialObjectMetadataList', `meta.k8s.io/${version}`, list.metadata, list.items.map((item) => encodeMetadata(item, version)));
}

/** Answers with a value that is no row of the resource table: Scale, Status, discovery. */
export async function sendValue(request: FastifyRequest, reply: FastifyReply, code: number, value: object): Promise<FastifyReply> {
  const negotiated = negotiate(request.headers.accept, objectForms);
  return sendBytes(request, reply, code, Buffer.from(`${JSON.stringify(value)}\n`), negotiated);
}

/** Answers with an error, as JSON where the client accepts nothing that we have. */
export function sendStatus(reply: FastifyReply, status: Status): FastifyReply {
  if (status.details?.retryAfterSeconds) reply.header('retry-after', String(status.details.retryAfterSeconds));
  return reply.code(status.code ?? 500).type('application/json').send(Buffer.from(`${JSON.stringify(status)}\n`));
}

/**
 * @param json bytes of one JSON document with a line end.
 * @param negotiated contentType replaces the one of the encoding.
 */
export async function sendBytes(
  request: FastifyRequest, reply: FastifyReply, code: number, json: Buffer, negotiated: { encoding: 'json' | 'yaml'; contentType?: string },
): Promise<FastifyReply> {
  let bytes = json;
  if (negotiated.encoding === 'yaml') {
    const { stringify } = await import('../../api/decode/yaml-library.ts');
    bytes = Buffer.from(stringify(JSON.parse(json.toString()), { aliasDuplicateObjects: false }));
  } else if (wantsPretty(request) && !negotiated.contentType?.endsWith('protobuf')) {
    bytes = Buffer.from(`${JSON.stringify(JSON.parse(json.toString()), null, 2)}\n`);
  }
  reply.code(code).type(negotiated.contentType ?? `application/${negotiated.encoding}`);
  if (bytes.length > compressFromBytes && /\bgzip\b/.test([request.headers['accept-encoding'] ?? ''].flat().join())) {
    reply.header('content-encoding', 'gzip').header('vary', 'Accept-Encoding');
    bytes = await compress(bytes, { level: 1 });
  }
  return reply.send(bytes);
}

/** People read what curl, wget and browsers fetch. */
function wantsPretty(request: FastifyRequest): boolean {
  const query = request.query as RawQuery;
  if (firstValue(query, 'pretty') !== undefined) return booleanValue(query, 'pretty');
  return /^(curl|Wget|Mozilla\/5\.0)/.test(request.headers['user-agent'] ?? '');
}

export function withLineEnd(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.from('\n')]);
}

/** One `Warning: 299` header each (RFC 7234), as Kubernetes sends what a user should know and no program must. */
export function addWarnings(reply: FastifyReply, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const text = (warning: string) => warning.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?');
  reply.header('warning', warnings.map((warning) => `299 - "${text(warning)}"`));
}

export function success(code: number, details?: Status['details']): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...(details ? { details } : {}), code };
}
