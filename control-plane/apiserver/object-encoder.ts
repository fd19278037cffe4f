/**
 * JSON bytes of objects, each made once. Objects of the store never change and are shared by everyone who reads them, so
 * their bytes hang on them and go when they go.
 */
import type { KubernetesObject, ListMeta } from '../../api/meta.ts';
import { apiVersionOf, type Resource } from '../../api/resources.ts';

const objectBytes = new WeakMap<object, Buffer>();
const metadataBytes = new WeakMap<object, Buffer>();

/** The object with apiVersion and kind, whether or not it carries them itself. */
export function encodeObject(resource: Resource, object: KubernetesObject): Buffer {
  const known = objectBytes.get(object);
  if (known) return known;
  const complete = object.kind === undefined ? { apiVersion: apiVersionOf(resource), ...object, kind: resource.kind } : object;
  const bytes = Buffer.from(JSON.stringify(complete));
  // What is not frozen may change before it is asked for again.
  if (Object.isFrozen(object)) objectBytes.set(object, bytes);
  return bytes;
}

/** The object as meta.k8s.io/v1 PartialObjectMetadata. */
export function encodeMetadata(object: KubernetesObject, version = 'v1'): Buffer {
  const make = () => Buffer.from(JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata }));
  if (version !== 'v1') return make();
  const known = metadataBytes.get(object);
  if (known) return known;
  const bytes = make();
  if (Object.isFrozen(object)) metadataBytes.set(object, bytes);
  return bytes;
}

const comma = Buffer.from(',');
const listEnd = Buffer.from(']}\n');

/** A list whose items are encoded already. */
export function encodeList(kind: string, apiVersion: string, metadata: ListMeta, items: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`)];
  items.forEach((item, index) => {
    if (index > 0) parts.push(comma);
    parts.push(item);
  });
  parts.push(listEnd);
  return Buffer.concat(parts);
}
