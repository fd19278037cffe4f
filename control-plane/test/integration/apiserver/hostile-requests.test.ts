/** Requests that nobody should send, by the thousand: each gets an answer that is its own fault, and a refusal changes nothing. */
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiVersionOf, namespaces, resources, type Resource } from '../../../../api/resources.ts';
import type { Status } from '../../../../api/meta.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { FakeClock } from '../../../../machinery/testing/fake-clock.ts';
import { buildApp } from '../../../apiserver/app.ts';
import { LongRunningRequests } from '../../../apiserver/long-running-requests.ts';
import { createRegistry } from '../../../registry/generic-registry.ts';
import { createMemoryStore } from '../../../storage/memory-store.ts';
import type { Storage } from '../../../storage/storage.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface HostileRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  resource: Resource;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

let app: FastifyInstance;
let storage: Storage;
let failures: unknown[];

const podSpec: Json = {
  containers: [{
    name: 'main', image: 'busybox', command: ['sleep'], ports: [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }],
    env: [{ name: 'A', value: 'b' }, { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '100m' } },
    livenessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 }, volumeMounts: [{ name: 'data', mountPath: '/data' }],
  }],
  volumes: [{ name: 'data', emptyDir: {} }, { name: 'conf', configMap: { name: 'given' } }],
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }], nodeSelector: { a: 'b' },
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }] } } },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } } }],
};
const template: Json = { metadata: { labels: { app: 'a' } }, spec: podSpec };

/** What a kind needs beside metadata. */
const content: Readonly<Record<string, { [key: string]: Json }>> = {
  Pod: { spec: podSpec },
  Deployment: { spec: { replicas: 2, selector: { matchLabels: { app: 'a' } }, template, strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } } } },
  ReplicaSet: { spec: { replicas: 2, selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['a'] }] }, template } },
  Service: { spec: { selector: { app: 'a' }, ports: [{ name: 'web', port: 80, targetPort: 'web' }], type: 'NodePort' } },
  Endpoints: { subsets: [{ addresses: [{ ip: '198.18.0.9' }], ports: [{ port: 80 }] }] },
  EndpointSlice: { addressType: 'IPv4', endpoints: [{ addresses: ['198.18.0.9'], conditions: { ready: true } }], ports: [{ port: 80, name: 'a' }] },
  ConfigMap: { data: { a: 'b' }, binaryData: { c: 'ZA==' } },
  Secret: { data: { a: 'Yg==' }, stringData: { c: 'd' }, type: 'Opaque' },
  Event: { involvedObject: { kind: 'Pod', namespace: 'default', name: 'given' }, reason: 'Tested', message: 'text', type: 'Normal' },
  Lease: { spec: { holderIdentity: 'a', leaseDurationSeconds: 30, renewTime: '2026-01-01T00:00:00.000000Z' } },
  Node: { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
};

function objectOf(resource: Resource, name: string): { [key: string]: Json } {
  const metadata = { name, labels: { app: 'a' }, annotations: { note: 'x' }, ...(resource.namespaced ? { namespace: 'default' } : {}) };
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...structuredClone(content[resource.kind] ?? {}) };
}

function collectionOf(resource: Resource): string {
  const root = `${resource.group ? '/apis' : '/api'}/${apiVersionOf(resource)}`;
  return resource.namespaced ? `${root}/namespaces/default/${resource.plural}` : `${root}/${resource.plural}`;
}

/** One time in five. */
function seldom<T, U>(arbitrary: fc.Arbitrary<T>, otherwise: U): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary });
}

const strangeStrings = fc.constantFrom('', ' ', '\u0000', '..', '/', '%', '%zz', 'a'.repeat(300), 'Ä', '💥', '-', '*', '__proto__', 'constructor', '1e400', '0x10', '-1', '$patch', 'null', '{}', '\n', '\ud800');
const strangeValues: fc.Arbitrary<Json> = fc.oneof(
  strangeStrings,
  fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, [], {}, [null], [[]], [{}], { a: null }, { $patch: 'delete' }, { $patch: 'replace' }),
  fc.jsonValue({ maxDepth: 2, depthSize: 'xsmall' }) as fc.Arbitrary<Json>,
  fc.constant(JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as Json),
);

interface Mutation {
  /** Picks a place: at each level the member with this number, modulo their count. */
  steps: number[];
  value: Json;
  action: 'replace' | 'delete' | 'insert' | 'repeat';
  key: string;
}

const mutations = fc.array(fc.record<Mutation>({
  steps: fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }), value: strangeValues, action: fc.constantFrom('replace', 'delete', 'insert', 'repeat'),
  key: fc.oneof(strangeStrings, fc.constantFrom('name', 'spec', 'status', 'metadata', 'finalizers', 'ownerReferences', 'deletionTimestamp', 'resourceVersion', 'uid', 'generateName', 'managedFields')),
}), { maxLength: 3 });

function mutate(object: Json, { steps, value: given, action, key }: Mutation): void {
  const value = structuredClone(given);
  let parent: Json = object;
  for (const [index, step] of steps.entries()) {
    if (typeof parent !== 'object' || parent === null) return;
    const keys: string[] = Object.keys(parent);
    const members = parent as Record<string, Json>;
    const chosen = keys[step % Math.max(keys.length, 1)];
    if (index < steps.length - 1 && chosen !== undefined && typeof members[chosen] === 'object' && members[chosen] !== null) {
      parent = members[chosen];
      continue;
    }
    const place = Array.isArray(parent) ? String(parent.length) : key;
    if (action === 'insert') Object.defineProperty(parent, place, { value, enumerable: true, configurable: true, writable: true });
    else if (action === 'repeat' && Array.isArray(parent) && parent.length > 0) parent.push(structuredClone(parent[0]!));
    else if (chosen === undefined) return;
    else if (action === 'delete') Reflect.deleteProperty(parent, chosen);
    else members[chosen] = value;
    return;
  }
}

const strangeTypes = fc.constantFrom(
  'application/json', 'application/yaml', 'application/merge-patch+json', 'application/json-patch+json', 'application/strategic-merge-patch+json',
  'application/apply-patch+yaml', 'application/vnd.kubernetes.protobuf', 'text/plain', 'application/json; charset=utf-16', '', ';', 'multipart/form-data',
);
const accepts = seldom(fc.constantFrom(
  '*/*', 'application/json', 'application/yaml', 'application/json;as=Table;g=meta.k8s.io;v=v1', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'application/xml', '', ',', ';q=', 'application/json;q=x', 'application/vnd.kubernetes.protobuf',
), 'application/json');
const parameters = fc.array(fc.tuple(
  fc.constantFrom('limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'labelSelector', 'fieldSelector', 'watch', 'timeoutSeconds', 'dryRun', 'fieldValidation', 'fieldManager', 'propagationPolicy', 'gracePeriodSeconds', 'orphanDependents', 'pretty', 'includeObject', 'sendInitialEvents', 'allowWatchBookmarks', 'tailLines', 'sinceTime', 'container', 'x', '__proto__', 'constructor'),
  fc.oneof(strangeStrings, fc.constantFrom('1', '0', 'true', 'false', 'All', 'Strict', 'Ignore', 'Exact', 'NotOlderThan', 'Orphan', 'Foreground', 'a=b', 'a in (b,c)', '!a', 'metadata.name=given', 'status.phase!=Running', 'a in (', '99999999999999999999', 'eyJ2IjoxfQ', 'None', 'Object')),
), { maxLength: 4 });

const paths = fc.tuple(
  fc.constantFrom(...resources), fc.constantFrom('', ...Array.from({ length: 12 }, () => '/given'), '/none', '/..', '/%00', '/a%2Fb', '/%zz', '/%F0%9F%92%A5', `/${'a'.repeat(300)}`),
  fc.constantFrom(...Array.from({ length: 15 }, () => ''), '/status', '/scale', '/binding', '/eviction', '/log', '/exec', '/finalize', '/nothing', '/', '//', '/status/x'),
).map(([resource, name, rest]) => ({ resource, name, path: `${collectionOf(resource)}${name}${name === '' ? '' : rest}` }));

/** A body near to what the kind wants, or JSON with damage in its bytes. */
function bodyOf(resource: Resource, name: string, list: readonly Mutation[], damage: { at: number; text: string } | undefined): Buffer {
  const object = objectOf(resource, name);
  for (const mutation of list) mutate(object, mutation);
  const bytes = Buffer.from(JSON.stringify(object));
  if (!damage) return bytes;
  const at = damage.at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(damage.text), bytes.subarray(at + damage.text.length)]);
}

const jsonPatches = fc.array(fc.record({
  op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'frobnicate'), path: fc.constantFrom('', '/', '/metadata', '/metadata/name', '/metadata/labels/app', '/spec', '/spec/containers/0', '/spec/containers/-', '/data/a', '/__proto__/x', '/a/b/c', 'x'),
  from: fc.constantFrom('/metadata', '/spec', '/none', ''), value: strangeValues,
}, { requiredKeys: ['op'] }), { maxLength: 3 }).map((patch) => Buffer.from(JSON.stringify(patch)));

const requests: fc.Arbitrary<HostileRequest> = fc.record({
  method: fc.constantFrom<HostileRequest['method'][]>('GET', 'POST', 'POST', 'POST', 'PUT', 'PUT', 'PUT', 'PATCH', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
  place: paths, mutations, damage: seldom(fc.record({ at: fc.nat(3000), text: fc.constantFrom('', '}', '"', '\u0000', '\\', ',', '\xff', '1e999', 'true') }), undefined),
  strangeType: seldom(strangeTypes, undefined), serial: fc.nat(1_000_000), accept: accepts, parameters: seldom(parameters, []), patch: fc.option(jsonPatches, { nil: undefined }), rawQuery: seldom(strangeStrings, undefined),
}).map(({ method, place, mutations: list, damage, strangeType, serial, accept, parameters: pairs, patch, rawQuery }) => {
  const bodiless = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  const jsonPatch = method === 'PATCH' && patch !== undefined;
  const creates = method === 'POST' && place.path.endsWith('/given');
  const usualType = method === 'PATCH' ? (jsonPatch ? 'application/json-patch+json' : 'application/merge-patch+json') : 'application/json';
  return {
    method, resource: place.resource, path: creates ? place.path.replace('/given', '') : place.path,
    query: rawQuery === undefined ? new URLSearchParams(pairs).toString() : encodeURI(rawQuery === '\ud800' ? '%' : rawQuery),
    headers: { accept, ...(bodiless ? {} : { 'content-type': strangeType ?? usualType }) },
    body: bodiless || method === 'DELETE' ? undefined : jsonPatch ? patch : bodyOf(place.resource, creates ? `fresh-${serial}` : 'given', list, damage),
  };
});

/** Time stands still, but nobody waits for it: a pod without its service account is refused at once. */
class ImpatientClock extends FakeClock {
  override sleep(): Promise<void> {
    return Promise.resolve();
  }
}

beforeAll(async () => {
  const clock = new ImpatientClock();
  storage = createMemoryStore();
  failures = [];
  const registry = createRegistry({ storage, clock, logger: silentLogger, serviceCIDR: '198.18.0.0/24' });
  const logger = { ...silentLogger, error: (_message: string, fields?: object) => { failures.push(fields); } };
  const user = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
  // No watch ever begins: it would wait for a clock that stands still.
  app = buildApp({ registry, authenticator: { authenticate: () => user }, version: '0.0.0', clock, logger, random: () => 0, longRunning: new LongRunningRequests(0) });
  const context = { user, fieldManager: 'test', dryRun: false };
  for (const name of ['default', 'given']) await registry.of(namespaces).create(context, undefined, { metadata: { name } });
  await ensureGiven('serviceaccounts', 'default');
});
afterAll(() => app.close());

async function ensureGiven(plural?: string, name = 'given'): Promise<void> {
  for (const resource of resources.filter((candidate) => candidate !== namespaces && (plural === undefined || candidate.plural === plural))) {
    const { statusCode, body } = await app.inject({ method: 'POST', url: collectionOf(resource), headers: { 'content-type': 'application/json' }, payload: JSON.stringify(objectOf(resource, name)) });
    if (![201, 409].includes(statusCode)) throw new Error(`${resource.plural}: ${body}`);
  }
}

/** @returns what is wrong with the answer, undefined for nothing. */
async function judge({ method, path, query, headers, body }: HostileRequest): Promise<string | undefined> {
  const before = storage.revision;
  const response = await app.inject({ method, url: query === '' ? path : `${path}?${query}`, headers, ...(body ? { payload: body } : {}) });
  const { statusCode } = response;
  const isTimeout = statusCode === 504 && response.json<Status>().reason === 'Timeout';
  if (statusCode >= 500 && !isTimeout) return `${statusCode} ${response.body} ${String((failures.at(-1) as { error?: Error } | undefined)?.error?.stack)}`;
  if (statusCode >= 400 && storage.revision !== before) return `${statusCode} changed the store`;
  if (statusCode >= 400 && method !== 'HEAD' && response.json<Status>().code !== statusCode) return `${statusCode} without a Status: ${response.body}`;
  return undefined;
}

describe('hostile requests', () => {
  it('get a 4xx or a right answer, and leave the store alone when refused', async () => {
    let accepted = 0;
    await fc.assert(fc.asyncProperty(requests, async (request) => {
      await ensureGiven('serviceaccounts', 'default');
      await ensureGiven(request.resource.plural);
      const before = storage.revision;
      expect(await judge(request)).toBeUndefined();
      if (storage.revision > before) accepted += 1;
    }), { numRuns: 3000, endOnFailure: true });
    // Not all are refused: else they would test nothing behind the first check.
    expect(accepted).toBeGreaterThan(100);
  }, 120_000);
});
