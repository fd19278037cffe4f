/** GET ?watch=true: a chunked stream of JSON lines or of protobuf frames. */
import type { FastifyReply } from 'fastify';
import type { ResourceCall } from '../app-parts.ts';
import { mediaTypes, negotiate } from '../negotiation.ts';
import { includeObjectOf } from '../printers/table.ts';
import { integerValue, parseWatchQuery } from '../query-options.ts';
import { objectForms } from '../responses.ts';
import { createWatchEncoder } from '../watch-encoder.ts';
import { WatchStream } from '../watch-stream.ts';
import { objectNamespace } from './read.ts';

/** Without timeoutSeconds a watch ends after 30 to 60 minutes, so that not all clients come back at once. */
const defaultTimeoutSeconds = 1800;

export function watchObjects(call: ResourceCall): FastifyReply {
  const { parts, reply, resource } = call;
  const query = watchQuery(call);
  const negotiated = negotiate(call.request.headers.accept, objectForms, { protobuf: resource.custom === undefined, stream: true });
  const encode = createWatchEncoder({ resource, negotiated, includeObject: includeObjectOf(call.query), clock: parts.clock });
  const timeoutMs = watchTimeoutMs(call);
  const stream = new WatchStream({ response: reply.raw, encode, clock: parts.clock, logger: parts.logger, openWatches: () => parts.longRunning.size });
  const done = parts.longRunning.begin(() => stream.end());
  stream.onEnd(done);
  try {
    const watch = call.store.watch(query, stream);
    stream.onEnd(() => watch.stop());
  } catch (error) {
    done();
    throw error;
  }
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value as string);
  const contentType = negotiated.encoding === 'json' ? mediaTypes.json : `${mediaTypes[negotiated.encoding]};stream=watch`;
  reply.raw.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache, private' });
  call.request.audit?.started(200);
  stream.start(timeoutMs);
  return reply;
}

type WatchCall = Pick<ResourceCall, 'query' | 'info' | 'resource' | 'parts'>;

/** @throws StatusError BadRequest or Invalid. */
export function watchQuery(call: WatchCall) {
  const { info, query } = call;
  const parsed = parseWatchQuery(query, objectNamespace(call));
  if (info.name === undefined) return parsed;
  return { ...parsed, fieldSelector: [...parsed.fieldSelector, { field: 'metadata.name', equal: true, value: info.name }] };
}

export function watchTimeoutMs({ query, parts }: WatchCall): number {
  return 1000 * (integerValue(query, 'timeoutSeconds') || defaultTimeoutSeconds * (1 + parts.random()));
}
