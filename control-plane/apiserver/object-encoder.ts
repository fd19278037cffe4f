/**
 * Bytes of objects, each made once for every form. Objects of the store never change and are shared by everyone who reads
 * them, so their bytes hang on them and go when they go.
 */
import type { KubernetesObject, ListMeta } from '../../api/meta.ts';
import { apiVersionOf, type Resource } from '../../api/resources.ts';
import { BytesCache } from './bytes-cache.ts';
import { encodeProtobuf } from './protobuf/encode-protobuf.ts';
import { wrapList, wrapMessage } from './protobuf/envelope.ts';

const megabyte = 1024 * 1024;
const objectJson = new BytesCache(2 * megabyte);
const objectProtobuf = new BytesCache(2 * megabyte);
const metadataJson = new BytesCache(megabyte);
const metadataProtobuf = new BytesCache(megabyte);

/** Every now and then: bytes that nobody asked for since the time before are forgotten. */
export function rotateEncodedBytes(): void {
  for (const cache of [objectJson, objectProtobuf, metadataJson, metadataProtobuf]) cache.rotate();
}

const partialMetadataMessage = 'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata';
const comma = 0x2c;
const brace = 0x7b;

const typeMetaTexts = new WeakMap<Resource, string>();

/** What the JSON of every object of a kind begins with, up to and without the comma. */
function typeMetaOf(resource: Resource): string {
  let text = typeMetaTexts.get(resource);
  if (text === undefined) {
    text = `{"kind":${JSON.stringify(resource.kind)},"apiVersion":${JSON.stringify(apiVersionOf(resource))}`;
    typeMetaTexts.set(resource, text);
  }
  return text;
}

/**
 * JSON of the object with apiVersion and kind, whether or not it carries them itself.
 * @param keep false: it is not expected to be asked for again soon.
 */
export function encodeObject(resource: Resource, object: KubernetesObject, keep = true): Buffer {
  return from(objectJson, object, keep, () => Buffer.from(objectText(resource, object)));
}

function objectText(resource: Resource, object: KubernetesObject): string {
  const values = object as Readonly<Record<string, unknown>>;
  let text = typeMetaOf(resource);
  for (const key of Object.keys(values)) {
    if (key === 'kind' || key === 'apiVersion') continue;
    const value = JSON.stringify(values[key]) as string | undefined;
    if (value !== undefined) text += `,${JSON.stringify(key)}:${value}`;
  }
  return `${text}}`;
}

/** JSON of the object as an item of a list, which says kind and apiVersion of built-in kinds itself. Is not kept. */
export function encodeListItem(resource: Resource, object: KubernetesObject): Buffer {
  if (resource.custom) return encodeObject(resource, object, false);
  const rest = objectText(resource, object).slice(typeMetaOf(resource).length + 1);
  return Buffer.from(rest === '' ? '{}' : `{${rest}`);
}

function from(cache: BytesCache, object: KubernetesObject, keep: boolean, make: () => Buffer): Buffer {
  return keep ? cache.get(object, make) : cache.peek(object) ?? make();
}

/** The message without envelope. Only for kinds of the schema table. */
export function encodeObjectProtobuf(resource: Resource, object: KubernetesObject, keep = true): Buffer {
  return from(objectProtobuf, object, keep, () => encodeProtobuf(resource.schema, object));
}

/** The object as meta.k8s.io PartialObjectMetadata. */
export function encodeMetadata(object: KubernetesObject, version = 'v1', keep = true): Buffer {
  const make = () => Buffer.from(JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata ?? {} }));
  return version === 'v1' ? from(metadataJson, object, keep, make) : make();
}

/** The message without envelope, the same for all versions. */
export function encodeMetadataProtobuf(object: KubernetesObject, keep = true): Buffer {
  return from(metadataProtobuf, object, keep, () => encodeProtobuf(partialMetadataMessage, { metadata: object.metadata ?? {} }));
}

/**
 * One object in its own form, whole: JSON, or protobuf with envelope.
 * @param keep false: it is not expected to be asked for again soon.
 */
export function encodeWhole(resource: Resource, object: KubernetesObject, protobuf: boolean, keep = true): Buffer {
  return protobuf ? wrapMessage(apiVersionOf(resource), resource.kind, encodeObjectProtobuf(resource, object, keep)) : encodeObject(resource, object, keep);
}

export function encodeWholeMetadata(object: KubernetesObject, version: string, protobuf: boolean, keep = true): Buffer {
  return protobuf ? wrapMessage(`meta.k8s.io/${version}`, 'PartialObjectMetadata', encodeMetadataProtobuf(object, keep)) : encodeMetadata(object, version, keep);
}

export function listKindOf(resource: Resource): string {
  return resource.custom?.listKind ?? `${resource.kind}List`;
}

/** Items of built-in kinds have no apiVersion and kind of their own: the list says them. Custom ones have. */
export function encodeObjectList(resource: Resource, metadata: ListMeta, items: readonly KubernetesObject[], protobuf: boolean): Buffer {
  const kind = listKindOf(resource);
  const apiVersion = apiVersionOf(resource);
  if (protobuf) return wrapList(apiVersion, kind, metadata, items.map((item) => encodeObjectProtobuf(resource, item)));
  const encoded = items.map((item) => encodeObject(resource, item));
  return joinList(listHead(kind, apiVersion, metadata), encoded, resource.custom ? 0 : Buffer.byteLength(typeMetaOf(resource)));
}

export function encodeMetadataList(metadata: ListMeta, items: readonly KubernetesObject[], version: string, protobuf: boolean): Buffer {
  const apiVersion = `meta.k8s.io/${version}`;
  const kind = 'PartialObjectMetadataList';
  if (protobuf) return wrapList(apiVersion, kind, metadata, items.map((item) => encodeMetadataProtobuf(item)));
  return joinList(listHead(kind, apiVersion, metadata), items.map((item) => encodeMetadata(item, version)), 0);
}

function listHead(kind: string, apiVersion: string, metadata: ListMeta): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
}

/** @param skip bytes of each item's own kind and apiVersion, left out together with the comma after them. */
function joinList(head: string, items: readonly Buffer[], skip: number): Buffer {
  const start = Buffer.from(head);
  let length = start.length + 3;
  for (const item of items) length += item.length - skip + 1;
  const bytes = Buffer.allocUnsafe(length);
  let at = start.copy(bytes);
  items.forEach((item, index) => {
    if (index > 0) bytes[at++] = comma;
    const first = at;
    // The comma behind what is skipped makes room for the brace; an object of nothing else has its closing brace there.
    at += item.copy(bytes, at, skip);
    if (skip > 0 && item.length === skip + 1) at += bytes.write('}', at);
    bytes[first] = brace;
  });
  at += bytes.write(']}\n', at);
  return bytes.subarray(0, at);
}
