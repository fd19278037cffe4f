/**
 * Events of a watch → what goes to the client, in each form. Whoever watches the same objects in the same form shares the
 * bytes: an event is encoded once, however many watch it.
 */
import type { KubernetesObject, WatchEvent } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import { BytesCache } from './bytes-cache.ts';
import type { Negotiated } from './negotiation.ts';
import { encodeWhole, encodeWholeMetadata } from './object-encoder.ts';
import { encodeTable, type IncludeObject } from './printers/table.ts';
import { encodeProtobuf } from './protobuf/encode-protobuf.ts';
import { watchFrame, wrapMessage } from './protobuf/envelope.ts';
import type { ObjectForm } from './responses.ts';

export interface WatchEncoderOptions {
  resource: Resource;
  negotiated: Negotiated<ObjectForm>;
  includeObject: IncludeObject;
  clock: Pick<Clock, 'now'>;
}

export type WatchEncoder = (event: WatchEvent) => Buffer;
type ObjectEvent = Exclude<WatchEvent, { type: 'ERROR' }>;

/** Of one form and one type of event, in one generation: events are sent to all watchers within moments. */
const sharedBytes = 1024 * 1024;
const shared = new Map<string, BytesCache>();
const statusMessage = 'k8s.io.apimachinery.pkg.apis.meta.v1.Status';

/** @param key one of a fixed few. */
function sharedOf(key: string): BytesCache {
  let cache = shared.get(key);
  if (!cache) {
    cache = new BytesCache(sharedBytes);
    shared.set(key, cache);
  }
  return cache;
}

/** Every now and then: what was sent long ago is forgotten. */
export function rotateSharedEvents(): void {
  for (const cache of shared.values()) cache.rotate();
  tables = new Map();
}

/** @returns a line of JSON, or a frame of protobuf, for each event. */
export function createWatchEncoder(options: WatchEncoderOptions): WatchEncoder {
  const { resource, negotiated: { form, version, encoding } } = options;
  const protobuf = encoding === 'protobuf';
  const frame = protobuf ? watchFrame : jsonLine;
  const error = (event: WatchEvent) => frame('ERROR', protobuf ? wrapMessage('v1', 'Status', encodeProtobuf(statusMessage, event.object)) : Buffer.from(JSON.stringify(event.object)));
  if (form === 'table') return createTableEncoder(options, error);
  const encode = form === 'object'
    ? (object: KubernetesObject) => encodeWhole(resource, object, protobuf, false)
    : (object: KubernetesObject) => encodeWholeMetadata(object, version, protobuf, false);
  return (event) => {
    if (event.type === 'ERROR') return error(event);
    return sharedOf(`${encoding} ${form} ${version} ${event.type}`).get(event.object, () => frame(event.type, encode(event.object)));
  };
}

/** The first Table of a stream has the columns. Ages are as of the second in which an event is first shown. */
function createTableEncoder({ resource, negotiated: { version }, includeObject, clock }: WatchEncoderOptions, error: WatchEncoder): WatchEncoder {
  let columns = true;
  const encode = (event: ObjectEvent, now: number): Buffer => {
    const metadata = { resourceVersion: event.object.metadata?.resourceVersion };
    const list = { metadata, items: event.type === 'BOOKMARK' && includeObject === 'None' ? [] : [event.object] };
    return jsonLine(event.type, encodeTable({ resource, list, now, version, includeObject, columns }).subarray(0, -1));
  };
  return (event) => {
    if (event.type === 'ERROR') return error(event);
    const now = clock.now();
    if (columns) {
      const first = encode(event, now);
      columns = false;
      return first;
    }
    return tablesOf(Math.floor(now / 1000), `${version} ${includeObject} ${event.type}`).get(event.object, () => encode(event, now));
  };
}

let tableSecond = 0;
let tables = new Map<string, BytesCache>();

function tablesOf(second: number, key: string): BytesCache {
  if (second !== tableSecond) {
    tableSecond = second;
    tables = new Map();
  }
  let cache = tables.get(key);
  if (!cache) {
    cache = new BytesCache(sharedBytes);
    tables.set(key, cache);
  }
  return cache;
}

function jsonLine(type: string, object: Buffer): Buffer {
  const start = `{"type":"${type}","object":`;
  const bytes = Buffer.allocUnsafe(start.length + object.length + 2);
  bytes.write(start, 'latin1');
  object.copy(bytes, start.length);
  bytes.write('}\n', start.length + object.length, 'latin1');
  return bytes;
}
