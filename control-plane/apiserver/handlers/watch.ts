/** GET ?watch=true: a chunked stream of JSON lines. */
import type { FastifyReply } from 'fastify';
import type { ResourceCall } from '../app-parts.ts';
import { negotiate, type Negotiated } from '../negotiation.ts';
import { newNotAcceptable } from '../../../api/errors.ts';
import { encodeMetadata, encodeObject } from '../object-encoder.ts';
import { encodeTable, includeObjectOf } from '../printers/table.ts';
import { integerValue, parseWatchQuery } from '../query-options.ts';
import { objectForms, type ObjectForm } from '../responses.ts';
import type { WatchEvent } from '../../../api/meta.ts';
import { WatchStream } from '../watch-stream.ts';
import { objectNamespace } from './read.ts';

/** Without timeoutSeconds a watch ends after 30 to 60 minutes, so that not all clients come back at once. */
const defaultTimeoutSeconds = 1800;

export function watchObjects(call: ResourceCall): FastifyReply {
  const { parts, reply, info } = call;
  const query = parseWatchQuery(call.query, objectNamespace(call));
  if (info.name !== undefined) query.fieldSelector = [...query.fieldSelector, { field: 'metadata.name', equal: true, value: info.name }];
  const negotiated = negotiate(call.request.headers.accept, objectForms);
  if (negotiated.encoding !== 'json') throw newNotAcceptable('only the following media types are accepted: application/json;stream=watch, application/json');
  const timeoutSeconds = integerValue(call.query, 'timeoutSeconds') || defaultTimeoutSeconds * (1 + parts.random());
  const stream = new WatchStream({ response: reply.raw, encode: eventEncoder(call, negotiated), clock: parts.clock, logger: parts.logger });
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
  reply.raw.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  stream.start(timeoutSeconds * 1000);
  return reply;
}

/** Events → lines. The first Table of a stream has the columns. */
function eventEncoder(call: ResourceCall, negotiated: Negotiated<ObjectForm>): (event: WatchEvent) => Buffer {
  const { resource, parts } = call;
  const includeObject = includeObjectOf(call.query);
  let columns = true;
  const body = (event: Exclude<WatchEvent, { type: 'ERROR' }>): Buffer => {
    if (negotiated.form === 'object') return encodeObject(resource, event.object);
    if (negotiated.form !== 'table') return encodeMetadata(event.object, negotiated.version);
    const bookmark = event.type === 'BOOKMARK';
    const metadata = { resourceVersion: event.object.metadata?.resourceVersion };
    const list = { metadata, items: bookmark && includeObject === 'None' ? [] : [event.object] };
    const table = encodeTable({ resource, list, now: parts.clock.now(), version: negotiated.version, includeObject, columns });
    columns = false;
    return table.subarray(0, -1);
  };
  return (event) => {
    const object = event.type === 'ERROR' ? Buffer.from(JSON.stringify(event.object)) : body(event);
    return Buffer.concat([Buffer.from(`{"type":"${event.type}","object":`), object, Buffer.from('}\n')]);
  };
}
