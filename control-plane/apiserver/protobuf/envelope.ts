/** What is around a protobuf message: runtime.Unknown behind the magic "k8s\0", lists, and the frames of a watch. */
import type { ListMeta } from '../../../api/meta.ts';
import { encodeProtobuf } from './encode-protobuf.ts';

const magic = Buffer.from('k8s\0');
/** Unknown's contentEncoding and contentType, both empty. */
const envelopeEnd = Buffer.from([0x1a, 0, 0x22, 0]);
const typeMetaMessage = 'k8s.io.apimachinery.pkg.runtime.TypeMeta';
const listMetaMessage = 'k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta';
const starts = new Map<string, Buffer>();
/** Kinds of the built-in groups; custom kinds have no protobuf. */
const maxStarts = 1024;

/** Everything before the length of the message. */
function envelopeStart(apiVersion: string, kind: string): Buffer {
  const key = `${apiVersion} ${kind}`;
  let start = starts.get(key);
  if (!start) {
    const typeMeta = encodeProtobuf(typeMetaMessage, { apiVersion, kind });
    start = Buffer.concat([magic, Buffer.from([0x0a]), varint(typeMeta.length), typeMeta, Buffer.from([0x12])]);
    if (starts.size >= maxStarts) starts.clear();
    starts.set(key, start);
  }
  return start;
}

export function wrapMessage(apiVersion: string, kind: string, message: Buffer): Buffer {
  return Buffer.concat([envelopeStart(apiVersion, kind), varint(message.length), message, envelopeEnd]);
}

/** A list of messages that are encoded already. Every list has its metadata as field 1 and its items as field 2. */
export function wrapList(apiVersion: string, kind: string, metadata: ListMeta, items: readonly Buffer[]): Buffer {
  const { start, end } = listEnvelope(apiVersion, kind, metadata, items.reduce((length, item) => length + 1 + varintLength(item.length) + item.length, 0));
  return Buffer.concat([start, ...items.flatMap((item) => [listItemHead(item.length), item]), end]);
}

/**
 * What is before and behind the items of a list, each of which has its own head.
 * @param itemsLength bytes of all items, with their heads.
 */
export function listEnvelope(apiVersion: string, kind: string, metadata: ListMeta, itemsLength: number): { start: Buffer; end: Buffer } {
  const listMeta = encodeProtobuf(listMetaMessage, metadata);
  const metaStart = Buffer.concat([Buffer.from([0x0a]), varint(listMeta.length), listMeta]);
  return { start: Buffer.concat([envelopeStart(apiVersion, kind), varint(metaStart.length + itemsLength), metaStart]), end: envelopeEnd };
}

/** What is before an item of so many bytes. */
export function listItemHead(length: number): Buffer {
  const head = Buffer.allocUnsafe(1 + varintLength(length));
  head[0] = 0x12;
  writeVarint(head, 1, length);
  return head;
}

/**
 * One event of a watch: four bytes of length, big-endian, and a meta/v1 WatchEvent without envelope.
 * @param object with its envelope.
 */
export function watchFrame(type: string, object: Buffer): Buffer {
  const raw = Buffer.concat([Buffer.from([0x0a]), varint(object.length), object]);
  const event = Buffer.concat([Buffer.from([0x0a, type.length]), Buffer.from(type), Buffer.from([0x12]), varint(raw.length), raw]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

function writeVarint(bytes: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(varintLength(value));
  writeVarint(bytes, 0, value);
  return bytes;
}
