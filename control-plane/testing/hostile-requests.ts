/**
 * Requests that nobody should send: objects of every kind with damage in their values or bytes, odd paths, queries and
 * headers, in every content type. A seed decides everything.
 */
import { builtInResources, apiVersionOf, type Resource } from '../../api/resources.ts';
import { encodeProtobuf } from '../apiserver/protobuf/encode-protobuf.ts';
import { wrapMessage } from '../apiserver/protobuf/envelope.ts';
import { givenName, validObject } from './valid-objects.ts';
import { ObjectGenerator } from './object-generator.ts';
import { SeededRandom } from './seeded-random.ts';

export interface HostileRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  resource: Resource;
  url: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const strangeStrings = ['', ' ', '\u0000', '..', '/', '%', '%zz', 'a'.repeat(300), 'Ä', '💥', '-', '*', '__proto__', 'constructor', '1e400', '0x10', '-1', '$patch', 'null', '{}', '\n', '\ud800'];
const strangeValues: readonly Json[] = [
  null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, [], {}, [null], [[]], [{}], { a: null }, { $patch: 'delete' }, { $patch: 'replace' },
  { $retainKeys: ['a'] }, JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as Json,
];
const strangeKeys = [...strangeStrings, 'name', 'spec', 'status', 'metadata', 'finalizers', 'ownerReferences', 'deletionTimestamp', 'resourceVersion', 'uid', 'generateName', 'managedFields', '$setElementOrder/containers', '$deleteFromPrimitiveList/finalizers'];
const methods = ['GET', 'POST', 'POST', 'POST', 'PUT', 'PUT', 'PUT', 'PATCH', 'PATCH', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
const strangeTypes = ['text/plain', 'application/json; charset=utf-16', '', ';', 'multipart/form-data', 'application/apply-patch+yaml', 'application/vnd.kubernetes.protobuf', 'application/yaml'];
const accepts = [
  '*/*', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/json;as=Table;g=meta.k8s.io;v=v1', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', 'application/xml', '', ',', ';q=', 'application/json;q=x', 'application/json;q=0.1, application/yaml;q=0.9',
];
const parameterNames = [
  'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'labelSelector', 'fieldSelector', 'watch', 'timeoutSeconds', 'dryRun', 'fieldValidation', 'fieldManager', 'force',
  'propagationPolicy', 'gracePeriodSeconds', 'orphanDependents', 'pretty', 'includeObject', 'sendInitialEvents', 'allowWatchBookmarks', 'tailLines', 'sinceTime', 'container', 'x', '__proto__', 'constructor',
];
const parameterValues = [
  ...strangeStrings, '1', '0', 'true', 'false', 'All', 'Strict', 'Ignore', 'Exact', 'NotOlderThan', 'Orphan', 'Foreground', 'a=b', 'a in (b,c)', '!a', 'metadata.name=given', 'status.phase!=Running', 'a in (',
  '99999999999999999999', 'eyJ2IjoxfQ', 'None', 'Object',
];
const oddNames = ['/none', '/..', '/%00', '/a%2Fb', '/%zz', '/%F0%9F%92%A5', `/${'a'.repeat(300)}`];
const oddEnds = ['/status', '/scale', '/binding', '/eviction', '/log', '/exec', '/finalize', '/approval', '/token', '/ephemeralcontainers', '/attach', '/proxy', '/nothing', '/', '//', '/status/x'];
const damage = ['', '}', '"', '\u0000', '\\', ',', '\xff', '1e999', 'true', '\n- ', ': '];
const patchOperations = ['add', 'remove', 'replace', 'move', 'copy', 'test', 'frobnicate'];
const patchPaths = ['', '/', '/metadata', '/metadata/name', '/metadata/labels/app', '/spec', '/spec/containers/0', '/spec/containers/-', '/data/a', '/__proto__/x', '/a/b/c', 'x'];

export function collectionOf(resource: Resource): string {
  const root = `${resource.group ? '/apis' : '/api'}/${apiVersionOf(resource)}`;
  return resource.namespaced ? `${root}/namespaces/default/${resource.plural}` : `${root}/${resource.plural}`;
}

export class HostileRequests {
  private readonly random: SeededRandom;
  private readonly generator: ObjectGenerator;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.generator = new ObjectGenerator(this.random, 4);
  }

  next(): HostileRequest {
    const { random } = this;
    const resource = random.of(builtInResources);
    const method = random.of(methods);
    const creates = method === 'POST' && !random.once(8);
    const named = !creates && !random.once(10);
    const name = random.once(12) ? random.of(oddNames) : `/${givenName(resource)}`;
    const path = `${collectionOf(resource)}${named ? `${name}${random.once(5) ? random.of(oddEnds) : ''}` : ''}`;
    const bodiless = method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || (method === 'DELETE' && !random.once(3));
    const content = bodiless ? undefined : this.content(resource, method, creates);
    const query = this.query();
    return {
      method, resource, url: query === '' ? path : `${path}?${query}`,
      headers: { accept: random.once(4) ? random.of(accepts) : 'application/json', ...(content ? { 'content-type': content.type } : {}) },
      body: content?.body,
    };
  }

  private query(): string {
    const { random } = this;
    if (!random.once(4)) return '';
    if (random.once(5)) return encodeURI(random.of(strangeStrings).replace('\ud800', '%'));
    return new URLSearchParams(random.list(1, 4, () => [random.of(parameterNames), random.of(parameterValues)] as [string, string])).toString();
  }

  private content(resource: Resource, method: HostileRequest['method'], creates: boolean): { type: string; body: Buffer } {
    const { random } = this;
    const { type, body } = method === 'PATCH' ? this.patch(resource) : this.whole(resource, creates);
    const bytes = random.once(6) ? this.damaged(body) : body;
    return { type: random.once(12) ? random.of(strangeTypes) : type, body: bytes };
  }

  private damaged(bytes: Buffer): Buffer {
    const at = this.random.integer(bytes.length + 1);
    const text = this.random.of(damage);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(text, 'latin1'), bytes.subarray(at + text.length)]);
  }

  /** Near to what the kind wants, or of any shape that its schema allows. */
  private object(resource: Resource, creates: boolean): { [key: string]: Json } {
    const { random } = this;
    const name = creates ? `fresh-${random.integer(20)}` : givenName(resource);
    const object = (random.once(3)
      ? { ...this.generator.object(resource), metadata: { name, ...(resource.namespaced ? { namespace: 'default' } : {}) } }
      : validObject(resource, name)) as { [key: string]: Json };
    const changes = random.integer(4);
    for (let change = 0; change < changes; change++) this.change(object);
    return object;
  }

  private whole(resource: Resource, creates: boolean): { type: string; body: Buffer } {
    const { random } = this;
    if (random.once(5)) {
      // Of this encoding only canonical objects can be made; the damage is in the bytes.
      const message = encodeProtobuf(resource.schema, this.generator.object(resource));
      return { type: 'application/vnd.kubernetes.protobuf', body: wrapMessage(apiVersionOf(resource), resource.kind, message) };
    }
    return { type: random.once(5) ? 'application/yaml' : 'application/json', body: Buffer.from(JSON.stringify(this.object(resource, creates))) };
  }

  private patch(resource: Resource): { type: string; body: Buffer } {
    const { random } = this;
    const type = random.of(['application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/json-patch+json', 'application/apply-patch+yaml']);
    const value = type === 'application/json-patch+json' ? random.list(0, 3, () => this.operation()) : this.object(resource, false);
    return { type, body: Buffer.from(JSON.stringify(value)) };
  }

  private operation(): Json {
    const { random } = this;
    return { op: random.of(patchOperations), path: random.of(patchPaths), from: random.of(patchPaths), value: random.of(strangeValues) };
  }

  /** At a random place: another value, one more or one fewer. */
  private change(object: { [key: string]: Json }): void {
    const { random } = this;
    let place: Record<string, Json> = object;
    for (let depth = random.integer(7); depth > 0; depth--) {
      const inner = Object.values(place).filter((value) => typeof value === 'object' && value !== null);
      if (inner.length === 0) break;
      place = random.of(inner) as Record<string, Json>;
    }
    const value = structuredClone(random.once(2) ? random.of(strangeValues) : random.of(strangeStrings));
    const keys = Object.keys(place);
    const key = random.of(keys);
    if (random.once(3) || keys.length === 0) {
      const added = Array.isArray(place) ? String(place.length) : random.of(strangeKeys);
      Object.defineProperty(place, added, { value, enumerable: true, configurable: true, writable: true });
    } else if (random.once(3)) Reflect.deleteProperty(place, key);
    else if (Array.isArray(place) && random.once(3)) place.push(structuredClone(place[0]));
    else place[key] = value;
  }
}
