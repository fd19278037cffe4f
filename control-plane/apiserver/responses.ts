/** Sends objects, lists and statuses in the form the client accepts. */
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { newNotAcceptable, type StatusError } from '../../api/errors.ts';
import type { KubernetesObject, ObjectList, Status } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import type { ResourceCall } from './app-parts.ts';
import { encodeLongList, longListItems, yamlOptions } from './long-list.ts';
import { mediaTypes, negotiate, type Encoding, type Negotiated, type Transformation } from './negotiation.ts';
import { encodeMetadataList, encodeObjectList, encodeWhole, encodeWholeMetadata } from './object-encoder.ts';
import { encodeTable, includeObjectOf } from './printers/table.ts';
import { encodeProtobuf } from './protobuf/encode-protobuf.ts';
import { wrapMessage } from './protobuf/envelope.ts';
import { booleanValue, firstValue, type RawQuery } from './query-options.ts';
import { messageOfValue } from './value-messages.ts';

const compress = promisify(gzip);
/** Smaller answers are not worth the compression, in Kubernetes' judgement too. */
const compressFromBytes = 128 * 1024;

export type ObjectForm = 'table' | 'metadata' | 'metadataList';

const metaVersions = ['v1', 'v1beta1'];
/** Forms of objects, of lists, and of the events of a watch. */
export const objectForms: readonly Transformation<ObjectForm>[] = [
  { as: 'Table', group: 'meta.k8s.io', versions: metaVersions, form: 'table', textOnly: true },
  { as: 'PartialObjectMetadata', group: 'meta.k8s.io', versions: metaVersions, form: 'metadata' },
  { as: 'PartialObjectMetadataList', group: 'meta.k8s.io', versions: metaVersions, form: 'metadataList' },
];

const formsWithoutTable = objectForms.filter(({ form }) => form !== 'table');

/** Reviews and bindings are kept nowhere and have no table. */
function formsOf(resource: Resource | undefined): readonly Transformation<ObjectForm>[] {
  return resource?.virtual && resource.plural !== 'componentstatuses' ? formsWithoutTable : objectForms;
}

/** Custom kinds have no protobuf. */
export function negotiateObject({ request, resource }: Pick<ResourceCall, 'request' | 'resource'>): Negotiated<ObjectForm> {
  return negotiate(request.headers.accept, formsOf(resource), { protobuf: resource.custom === undefined });
}

/**
 * Before a write: what was done cannot be refused afterwards.
 * @throws StatusError NotAcceptable when the client accepts no form of the answer, BadRequest when it asks for an odd one.
 */
export function checkAcceptable({ request, info, resource }: Pick<ResourceCall, 'request' | 'info'> & { resource?: Resource }): void {
  // Of custom kinds the answer may also be a Status, which has a protobuf form: refusing is left to the answer.
  const { form } = negotiate(request.headers.accept, formsOf(resource), { protobuf: true });
  const list = info.verb === 'deletecollection';
  if (form === (list ? 'metadata' : 'metadataList')) throw wrongForm(form, resource);
  if (form === 'table') includeObjectOf(request.query as RawQuery);
}

function wrongForm(form: 'metadata' | 'metadataList', resource: Resource | undefined): StatusError {
  const type = `${resource?.version ?? 'v1'}.${resource?.kind ?? 'Status'}`;
  return form === 'metadata'
    ? newNotAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (*${type}List)`)
    : newNotAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (*${type})`);
}

/** Answers with one object of the call's kind. */
export async function sendObject(call: ResourceCall, code: number, object: KubernetesObject): Promise<FastifyReply> {
  const negotiated = negotiateObject(call);
  const bytes = encodeOne(call, negotiated, object);
  if (negotiated.encoding === 'protobuf') call.request.audit?.noteResponse(negotiated.form === 'object' ? object : { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${negotiated.version}`, metadata: object.metadata });
  return sendBytes(call.request, call.reply, code, bytes, negotiated);
}

function encodeOne(call: ResourceCall, negotiated: Negotiated<ObjectForm>, object: KubernetesObject): Buffer {
  const { form, version, encoding } = negotiated;
  const protobuf = encoding === 'protobuf';
  const { resource } = call;
  // Whoever wrote it knows it: ten thousand objects that are made one after the other need not be kept twice.
  const keep = call.info.verb === 'get';
  switch (form) {
    case 'object': return withLineEnd(encodeWhole(resource, object, protobuf, keep), protobuf);
    case 'metadata': return withLineEnd(encodeWholeMetadata(object, version, protobuf, keep), protobuf);
    case 'table': return encodeTableOf(call, version, { metadata: { resourceVersion: object.metadata?.resourceVersion }, items: [object] });
    case 'metadataList': throw wrongForm(form, resource);
  }
}

export async function sendObjectList(call: ResourceCall, list: ObjectList): Promise<FastifyReply> {
  const negotiated = negotiateObject(call);
  if (list.items.length > longListItems) {
    call.request.audit?.leaveOut();
    return sendLongList(call, negotiated, list);
  }
  if (negotiated.encoding === 'protobuf') call.request.audit?.noteResponse(negotiated.form === 'object' ? list : { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${negotiated.version}`, metadata: list.metadata, items: list.items.map(({ metadata }) => ({ metadata })) });
  return sendBytes(call.request, call.reply, 200, encodeMany(call, negotiated, list), negotiated);
}

/** Milliseconds that a client has to take a long list, as it has for every request that is no watch. */
const longListTimeoutMs = 60_000;

function sendLongList({ parts, request, reply, resource, query }: ResourceCall, { encoding, form, version, pretty }: Negotiated<ObjectForm>, list: ObjectList): FastifyReply {
  if (form === 'metadata') throw wrongForm(form, resource);
  const layout = encoding === 'json' && (pretty || wantsPretty(request)) ? 'pretty' : encoding;
  const includeObject = form === 'table' ? includeObjectOf(query) : 'None';
  const pieces = Readable.from(encodeLongList({ resource, list, form, version, layout, includeObject, clock: parts.clock }), { objectMode: false });
  const timeout = parts.clock.after(longListTimeoutMs, () => pieces.destroy(new Error('the client takes too long to read the list')));
  pieces.once('close', () => timeout.cancel());
  reply.code(200).type(mediaTypes[encoding]);
  if (!acceptsGzip(request)) return reply.send(pieces);
  reply.header('content-encoding', 'gzip').header('vary', 'Accept-Encoding');
  // What goes wrong on the way in destroys the way out, which the reply watches.
  return reply.send(pipeline(pieces, createGzip({ level: 1 }), () => undefined));
}

function encodeMany(call: ResourceCall, negotiated: Negotiated<ObjectForm>, list: ObjectList): Buffer {
  const { form, version, encoding } = negotiated;
  const protobuf = encoding === 'protobuf';
  const { resource } = call;
  switch (form) {
    case 'object': return encodeObjectList(resource, list.metadata, list.items, protobuf);
    case 'metadataList': return encodeMetadataList(list.metadata, list.items, version, protobuf);
    case 'table': return encodeTableOf(call, version, list);
    case 'metadata': throw wrongForm(form, resource);
  }
}

function encodeTableOf({ parts, resource, query }: ResourceCall, version: string, list: Pick<ObjectList, 'metadata' | 'items'>): Buffer {
  return encodeTable({ resource, list, now: parts.clock.now(), version, includeObject: includeObjectOf(query), columns: true });
}

/** Answers with a value that is no row of the resource table: Scale, Status, discovery. */
export async function sendValue(request: FastifyRequest, reply: FastifyReply, code: number, value: object): Promise<FastifyReply> {
  const message = messageOfValue(value);
  const negotiated = negotiate(request.headers.accept, objectForms, { protobuf: message !== undefined });
  if (negotiated.encoding === 'protobuf') request.audit?.noteResponse(value);
  return sendBytes(request, reply, code, encodeValue(value, message, negotiated.encoding), negotiated);
}

/** @param message of the schema table; may be missing unless protobuf is asked for. */
export function encodeValue(value: { apiVersion?: string; kind?: string }, message: string | undefined, encoding: Encoding): Buffer {
  if (encoding === 'protobuf' && message) return wrapMessage(value.apiVersion ?? 'v1', value.kind ?? '', encodeProtobuf(message, value));
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/** Answers with an error, as JSON where the client accepts nothing that we have. */
export function sendStatus(reply: FastifyReply, status: Status): FastifyReply {
  if (status.details?.retryAfterSeconds) reply.header('retry-after', String(status.details.retryAfterSeconds));
  const { request } = reply;
  request.audit?.noteResponse(status);
  const negotiated = negotiateStatus(request.headers.accept);
  const bytes = encodeValue(status, messageOfValue({ apiVersion: 'v1', kind: 'Status' }), negotiated.encoding);
  const code = status.code ?? 500;
  if (negotiated.encoding !== 'yaml') return reply.code(code).type(mediaTypes[negotiated.encoding]).send(negotiated.encoding === 'json' && wantsPretty(request) ? indented(bytes) : bytes);
  // What writes YAML is loaded when someone asks for it; without it the reason still gets there.
  sendBytes(request, reply, code, bytes, negotiated).catch(() => reply.code(code).type(mediaTypes.json).send(bytes));
  return reply;
}

function negotiateStatus(accept: string | undefined): Pick<Negotiated<never>, 'encoding'> {
  if (!accept || accept === mediaTypes.json) return { encoding: 'json' };
  try {
    return negotiate(accept, [], { protobuf: true });
  } catch {
    return { encoding: 'json' }; // Whoever accepts nothing still gets the reason.
  }
}

function indented(json: Buffer): Buffer {
  return Buffer.from(`${JSON.stringify(JSON.parse(json.toString()), null, 2)}\n`);
}

/**
 * @param bytes JSON of one document with a line end (also where YAML was negotiated), or whatever contentType says.
 * @param negotiated contentType replaces the one of the encoding.
 */
export async function sendBytes(
  request: FastifyRequest, reply: FastifyReply, code: number, bytes: Buffer, negotiated: { encoding: Encoding; contentType?: string; pretty?: boolean },
): Promise<FastifyReply> {
  const { encoding, contentType = mediaTypes[encoding] } = negotiated;
  let body = bytes;
  if (encoding !== 'protobuf' && !contentType.endsWith('protobuf')) request.audit?.noteResponse(bytes);
  if (encoding === 'yaml') {
    const { stringify } = await import('../../api/decode/yaml-library.ts');
    body = Buffer.from(stringify(JSON.parse(bytes.toString()), yamlOptions));
  } else if (encoding === 'json' && !contentType.endsWith('protobuf') && (negotiated.pretty || wantsPretty(request))) {
    body = indented(bytes);
  }
  reply.code(code).type(contentType);
  if (body.length > compressFromBytes && acceptsGzip(request)) {
    reply.header('content-encoding', 'gzip').header('vary', 'Accept-Encoding');
    body = await compress(body, { level: 1 });
  }
  return reply.send(body);
}

function acceptsGzip({ headers }: FastifyRequest): boolean {
  return [headers['accept-encoding'] ?? ''].flat().join().split(',').some((token) => token.split(';', 1)[0]!.trim() === 'gzip');
}

/** People read what curl, wget and browsers fetch. */
function wantsPretty(request: FastifyRequest): boolean {
  // Of a request whose path cannot be read there is no query.
  const query = (request.query as RawQuery | null) ?? {};
  if (firstValue(query, 'pretty')) return booleanValue(query, 'pretty');
  return /^(curl|Wget|Mozilla\/5\.0)/.test(request.headers['user-agent'] ?? '');
}

function withLineEnd(bytes: Buffer, protobuf: boolean): Buffer {
  return protobuf ? bytes : Buffer.concat([bytes, Buffer.from('\n')]);
}

/** One `Warning: 299` header each (RFC 7234), as Kubernetes sends what a user should know and no program must. */
export function addWarnings(reply: FastifyReply, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const text = (warning: string) => warning.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?');
  const earlier = reply.getHeader('warning') as string[] | undefined;
  reply.header('warning', [...earlier ?? [], ...warnings.map((warning) => `299 - "${text(warning)}"`)]);
}

export function success(code: number, details?: Status['details']): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...(details ? { details } : {}), code };
}
