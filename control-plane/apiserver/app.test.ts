import type { FastifyInstance, InjectOptions } from 'fastify';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { newUnauthorized } from '../../api/errors.ts';
import { namespaces } from '../../api/resources.ts';
import { silentLogger, type Logger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { createRegistry, type GenericRegistry } from '../registry/generic-registry.ts';
import type { UserInfo } from '../registry/registry.ts';
import { createMemoryStore } from '../storage/memory-store.ts';
import { buildApp, type AppOptions } from './app.ts';
import type { Authenticator } from '../authentication/authenticator.ts';
import { LongRunningRequests } from './long-running-requests.ts';
import { decodeProtobuf } from './protobuf/decode-protobuf.ts';

const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
/** The user is in a header. */
const authenticator: Authenticator = {
  authenticate(request) {
    const name = request.headers['x-user'];
    if (name === 'nobody') return undefined;
    if (name === 'broken') throw newUnauthorized();
    return name === undefined ? admin : { name: String(name), groups: ['system:authenticated'] };
  },
};

let app: FastifyInstance;
let registry: GenericRegistry;
let clock: FakeClock;
let logged: string[];

function build(options: Partial<AppOptions> = {}): FastifyInstance {
  return buildApp({ registry, authenticator, version: '0.1.0', clock, logger: { ...silentLogger, error: (message: string) => { logged.push(message); } } satisfies Logger, random: () => 0, ...options });
}

beforeEach(async () => {
  clock = new FakeClock();
  logged = [];
  registry = createRegistry({ storage: createMemoryStore(), clock, logger: silentLogger, serviceCIDR: '198.18.0.0/24' });
  await registry.of(namespaces).create({ user: admin, fieldManager: 'test', dryRun: false }, undefined, { metadata: { name: 'default' } });
  app = build();
});
afterEach(() => app.close());

const configMaps = '/api/v1/namespaces/default/configmaps';

/** What the tests look at in answers of all kinds. */
interface Answer {
  metadata: { name: string; continue: string; labels: object };
  data: object;
  spec: { replicas: number };
  items: Answer[];
  columnDefinitions: { name: string }[];
  rows: { cells: unknown[]; object: Answer }[];
  groups: { name: string }[];
  resources: { name: string }[];
  definitions?: Record<string, { properties: Record<string, object>; required: string[] }>;
  components: { schemas: Record<string, object> };
  paths: Record<string, { serverRelativeURL: string; patch: { 'x-kubernetes-group-version-kind': object; parameters: { name: string }[] } }>;
}
interface Line {
  type: string;
  object: Answer;
}

async function send(method: InjectOptions['method'], url: string, body?: unknown, headers: Record<string, string> = {}) {
  const payload = body === undefined ? {} : { payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await app.inject({ method, url, ...payload, headers: { ...type, ...headers } });
  return { code: response.statusCode, headers: response.headers, text: response.body, raw: response.rawPayload, json: () => response.json<Answer>() };
}
/** Until the requests that were begun are under way. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
const create = (name: string, data: Record<string, string> = {}) => send('POST', configMaps, { metadata: { name }, data });

describe('who may', () => {
  it.each(['/version', '/livez', '/readyz', '/healthz', '/livez/ping'])('everyone read %s', async (path) => {
    expect((await send('GET', path, undefined, { 'x-user': 'nobody' })).code).toBe(200);
  });

  it.each([
    ['GET', '/api', 'forbidden: User "system:anonymous" cannot get path "/api"'],
    ['GET', '/api/v1/pods', 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope'],
    ['GET', '/', 'forbidden: User "system:anonymous" cannot get path "/"'],
    ['POST', '/version', 'forbidden: User "system:anonymous" cannot post path "/version"'],
    ['GET', '/nothing', 'forbidden: User "system:anonymous" cannot get path "/nothing"'],
  ] as const)('a stranger not %s %s', async (method, path, message) => {
    const response = await send(method, path, undefined, { 'x-user': 'nobody' });
    expect(response.code).toBe(403);
    expect(response.json()).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Forbidden', message });
  });

  it('nobody with credentials that do not hold', async () => {
    expect((await send('GET', '/version', undefined, { 'x-user': 'broken' })).code).toBe(401);
  });

  it.each([
    ['GET', '/api/v1/namespaces/default/pods', 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"'],
    ['GET', '/api/v1/nodes', 'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope'],
    ['DELETE', '/apis/apps/v1/namespaces/a/deployments/web', 'deployments.apps "web" is forbidden: User "jane" cannot delete resource "deployments" in API group "apps" in the namespace "a"'],
    ['GET', '/api/v1/namespaces/a/pods/x/log', 'pods "x" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "a"'],
    ['GET', '/metrics', 'forbidden: User "jane" cannot get path "/metrics"'],
  ] as const)('a user without a role not %s %s', async (method, path, message) => {
    const response = await send(method, path, undefined, { 'x-user': 'jane' });
    expect(response.json()).toMatchObject({ code: 403, reason: 'Forbidden', message });
  });

  it('every user discover', async () => {
    expect((await send('GET', '/apis', undefined, { 'x-user': 'jane' })).code).toBe(200);
  });
});

describe('objects', () => {
  it('are created, read, replaced and deleted', async () => {
    const created = await create('a', { k: 'v' });
    expect(created.code).toBe(201);
    expect(created.json()).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' }, data: { k: 'v' } });
    const read = await send('GET', `${configMaps}/a`);
    expect(read.text).toBe(created.text);
    expect(read.headers['cache-control']).toBe('no-cache, private');
    const replaced = await send('PUT', `${configMaps}/a`, { ...read.json(), data: { k: 'w' } });
    expect(replaced.json().data).toEqual({ k: 'w' });
    expect((await send('PUT', `${configMaps}/a`, read.json())).json()).toMatchObject({ code: 409, reason: 'Conflict' });
    const deleted = await send('DELETE', `${configMaps}/a`);
    expect(deleted.json()).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'a', kind: 'configmaps' } });
    expect((await send('GET', `${configMaps}/a`)).json()).toMatchObject({ code: 404, reason: 'NotFound', message: 'configmaps "a" not found' });
  });

  it('are patched in three ways', async () => {
    await create('a', { k: 'v', l: 'w' });
    const patch = (type: string, body: unknown) => send('PATCH', `${configMaps}/a`, body, { 'content-type': type });
    expect((await patch('application/merge-patch+json', { data: { l: null } })).json().data).toEqual({ k: 'v' });
    expect((await patch('application/json-patch+json', [{ op: 'add', path: '/data/m', value: 'x' }])).json().data).toEqual({ k: 'v', m: 'x' });
    expect((await patch('application/strategic-merge-patch+json; charset=utf-8', { metadata: { labels: { a: 'b' } } })).json().metadata.labels).toEqual({ a: 'b' });
    expect((await patch('application/apply-patch+cbor', 'x')).json()).toMatchObject({ code: 415, message: expect.stringContaining('accepted media types include: application/json-patch+json') });
    expect((await patch('application/merge-patch+json', '{"data":}')).json()).toMatchObject({ code: 400, reason: 'BadRequest', message: "error decoding patch: invalid character '}' looking for beginning of value" });
    expect((await patch('application/merge-patch+json', { kind: 'Secret' })).json()).toMatchObject({ code: 422, reason: 'Invalid', message: expect.stringMatching(/^ "" is invalid: patch: Invalid value: .*unknown conversion$/) });
    expect((await patch('application/merge-patch+json', { apiVersion: 'v2' })).json()).toMatchObject({ code: 422, details: { causes: [{ field: 'patch' }] } });
    expect((await patch('application/merge-patch+json', { metadata: { name: 'b' } })).json()).toMatchObject({ code: 400, message: 'the name of the object (b) does not match the name on the URL (a)' });
    expect((await patch('application/json-patch+json', [{ op: 'remove', path: '/data/none' }])).code).toBe(422);
  });

  it('keep their kind in a strategic merge patch, which must at least be text', async () => {
    await create('a');
    const patch = (body: object) => send('PATCH', `${configMaps}/a`, body, { 'content-type': 'application/strategic-merge-patch+json' });
    expect((await patch({ kind: 'Secret', data: { k: 'v' } })).json()).toMatchObject({ kind: 'ConfigMap', data: { k: 'v' } });
    expect((await patch({ kind: null })).json()).toMatchObject({ kind: 'ConfigMap' });
    expect((await patch({ kind: 5 })).json()).toMatchObject({ code: 422, message: ' "" is invalid: patch: Invalid value: "map[kind:5]": cannot convert int64 to string' });
    expect((await patch({ apiVersion: true })).json()).toMatchObject({ code: 422, message: ' "" is invalid: patch: Invalid value: "map[apiVersion:true]": unrecognized type: string' });
  });

  it('keep their names, which no write may leave out', async () => {
    await create('a', { k: 'v' });
    const unnamed = { apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'w' } };
    const patch = (name: string, type: string, body: unknown) => send('PATCH', `${configMaps}/${name}?fieldManager=tester`, body, { 'content-type': type });
    const refused = (name: string) => ({ code: 400, reason: 'BadRequest', message: `the name of the object (${name} based on URL) was undeterminable: name must be provided` });
    expect((await patch('a', 'application/merge-patch+json', { metadata: { name: null } })).json()).toMatchObject(refused('a'));
    expect((await patch('a', 'application/strategic-merge-patch+json', { metadata: null })).json()).toMatchObject(refused('a'));
    expect((await send('PUT', `${configMaps}/a`, unnamed)).json()).toMatchObject(refused('a'));
    expect((await patch('new', 'application/apply-patch+yaml', unnamed)).json()).toMatchObject(refused('new'));
    // What is there has its name already.
    expect((await patch('a', 'application/apply-patch+yaml', { ...unnamed, data: { l: 'x' } })).json()).toMatchObject({ metadata: { name: 'a' }, data: { k: 'v', l: 'x' } });
  });

  it('come as lists, a page at a time', async () => {
    for (const name of ['a', 'b', 'c']) await create(name);
    const page = (await send('GET', `${configMaps}?limit=2`)).json();
    expect(page).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { remainingItemCount: 1 } });
    expect(page.items).toHaveLength(2);
    const rest = (await send('GET', `${configMaps}?limit=2&continue=${page.metadata.continue}`)).json();
    expect(rest.items.map((item) => item.metadata.name)).toEqual(['c']);
    expect((await send('GET', `${configMaps}?labelSelector=a%3Db`)).json().items).toEqual([]);
    expect((await send('GET', `/api/v1/configmaps?fieldSelector=metadata.name%3Db`)).json().items).toHaveLength(1);
  });

  it('are deleted together', async () => {
    for (const name of ['a', 'b']) await create(name);
    expect((await send('DELETE', configMaps)).json().items).toHaveLength(2);
    expect((await send('GET', configMaps)).json().items).toEqual([]);
  });

  it('are left alone by a dry run', async () => {
    expect((await send('POST', `${configMaps}?dryRun=All`, { metadata: { name: 'a' } })).code).toBe(201);
    expect((await send('GET', `${configMaps}/a`)).code).toBe(404);
    await create('a');
    expect((await send('DELETE', `${configMaps}/a`, { dryRun: ['All'] })).code).toBe(200);
    expect((await send('GET', `${configMaps}/a`)).code).toBe(200);
  });

  it('warn of unknown fields, or refuse them', async () => {
    const body = { metadata: { name: 'a' }, foo: 1 };
    expect((await send('POST', `${configMaps}?fieldValidation=Strict`, body)).json()).toMatchObject({ code: 400, message: expect.stringContaining('strict decoding error: unknown field "foo"') });
    expect((await send('POST', configMaps, body)).headers.warning).toEqual(['299 - "unknown field \\"foo\\""']);
    expect((await send('POST', `${configMaps}?fieldValidation=Ignore`, { ...body, metadata: { name: 'b' } })).headers.warning).toBeUndefined();
  });

  it('come as YAML and go as YAML', async () => {
    const created = await send('POST', configMaps, 'metadata:\n  name: a\ndata:\n  k: v\n', { 'content-type': 'application/yaml', accept: 'application/yaml' });
    expect(created.headers['content-type']).toBe('application/yaml');
    expect(parse(created.text)).toMatchObject({ kind: 'ConfigMap', data: { k: 'v' } });
  });
});

describe('what differs between kinds', () => {
  it('PUT creates a Lease, a Service, but no ConfigMap', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    const lease = { metadata: { name: 'a' }, spec: { holderIdentity: 'x' } };
    const created = await send('PUT', `${leases}/a`, lease);
    expect(created.code).toBe(201);
    expect((await send('PUT', `${leases}/a`, created.text)).code).toBe(200);
    expect((await send('PUT', '/api/v1/namespaces/default/services/a', { metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } })).code).toBe(201);
    expect((await send('PUT', `${configMaps}/a`, { metadata: { name: 'a' } })).code).toBe(404);
    expect(JSON.parse((await send('DELETE', '/api/v1/namespaces/default/services/a')).text)).toMatchObject({ kind: 'Service', metadata: { name: 'a' } });
    expect(JSON.parse((await send('DELETE', `${leases}/a`)).text)).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'a', group: 'coordination.k8s.io', kind: 'leases' } });
  });

  it('pods are evicted, namespaces not deleted together', async () => {
    await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    const pods = '/api/v1/namespaces/default/pods';
    expect((await send('POST', pods, { metadata: { name: 'a' }, spec: { containers: [{ name: 'a', image: 'i' }] } })).code).toBe(201);
    expect((await send('POST', `${pods}/a/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'b' } })).code).toBe(400);
    expect((await send('POST', `${pods}/a/eviction?dryRun=All`, { metadata: { name: 'a' } })).code).toBe(201);
    expect((await send('POST', `${pods}/a/eviction`, { metadata: { name: 'a' } })).code).toBe(201);
    expect((await send('GET', `${pods}/a`)).code).toBe(404);
    expect((await send('DELETE', '/api/v1/namespaces')).code).toBe(405);
    expect((await send('GET', '/apis/')).json().groups.map(({ name }) => name)).toContain('apps');
  });

  it('nothing is written for a client that accepts no answer, or that binds to nothing', async () => {
    expect((await send('POST', configMaps, { metadata: { name: 'a' } }, { accept: 'application/xml' })).code).toBe(406);
    expect((await send('GET', `${configMaps}/a`)).code).toBe(404);
    expect((await send('POST', '/api/v1/namespaces/default/pods/a/binding', { metadata: { name: 'a' } })).code).toBe(422);
    expect((await send('POST', '/api/v1/namespaces/default/pods/a/binding', { target: { name: 'board' } })).json()).toMatchObject({ code: 400, message: 'name in URL does not match name in Binding object' });
    expect((await send('GET', '/apis/apps/v1/namespaces/default/deployments/none/scale')).json()).toMatchObject({ code: 404, message: 'deployments/scale.apps "none" not found' });
    expect((await send('GET', '/api/v1/namespaces/default/replicationcontrollers/none/scale')).json()).toMatchObject({ message: 'replicationcontrollers/scale.autoscaling "none" not found' });
  });
});

describe('requests that make no sense leave the store as it was', () => {
  it.each<[string, InjectOptions['method'], string, unknown, Record<string, string>, number, string]>([
    ['malformed JSON', 'POST', configMaps, '{"a":', {}, 400, 'BadRequest'],
    ['malformed YAML', 'POST', configMaps, 'a: [', { 'content-type': 'application/yaml' }, 400, 'BadRequest'],
    ['an unknown media type', 'POST', configMaps, 'x', { 'content-type': 'text/plain' }, 415, 'UnsupportedMediaType'],
    ['a body that is too big', 'POST', configMaps, Buffer.alloc(4 * 1024 * 1024, 0x20), {}, 413, 'RequestEntityTooLarge'],
    ['a name that is none', 'POST', configMaps, { metadata: { name: 'A_b' } }, {}, 422, 'Invalid'],
    ['another kind', 'POST', configMaps, { kind: 'Secret', metadata: { name: 'a' } }, {}, 400, 'BadRequest'],
    ['another namespace', 'POST', configMaps, { metadata: { name: 'a', namespace: 'b' } }, {}, 400, 'BadRequest'],
    ['another name', 'PUT', `${configMaps}/a`, { metadata: { name: 'b' } }, {}, 400, 'BadRequest'],
    ['a namespace that is not there', 'POST', '/api/v1/namespaces/none/configmaps', { metadata: { name: 'a' } }, {}, 404, 'NotFound'],
    ['an unknown kind', 'POST', '/api/v1/namespaces/default/bananas', {}, {}, 404, 'NotFound'],
    ['an unknown group', 'GET', '/apis/nothing/v1/things', undefined, {}, 404, 'NotFound'],
    ['an unknown subresource', 'GET', `${configMaps}/a/status`, undefined, {}, 404, 'NotFound'],
    ['a cluster-scoped kind in a namespace', 'GET', '/api/v1/namespaces/default/nodes', undefined, {}, 404, 'NotFound'],
    ['a creation in all namespaces', 'POST', '/api/v1/configmaps', {}, {}, 405, 'MethodNotAllowed'],
    ['a PUT of a collection', 'PUT', configMaps, {}, {}, 405, 'MethodNotAllowed'],
    ['OPTIONS', 'OPTIONS', configMaps, undefined, {}, 405, 'MethodNotAllowed'],
    ['an Accept nobody can serve', 'GET', configMaps, undefined, { accept: 'text/html' }, 406, 'NotAcceptable'],
    ['a field selector nobody knows', 'GET', `${configMaps}?fieldSelector=data.x%3Dy`, undefined, {}, 400, 'BadRequest'],
    ['broken percent-encoding', 'GET', `${configMaps}/%zz`, undefined, {}, 400, 'BadRequest'],
    ['a name that is no segment of a path', 'GET', `${configMaps}/a%25b`, undefined, {}, 400, 'BadRequest'],
    ['a name that leads upwards', 'DELETE', `${configMaps}/..%2F`, undefined, {}, 400, 'BadRequest'],
    ['a PUT that does not say what', 'PUT', `${configMaps}/a`, { apiVersion: 'v1', kind: 'ConfigMap' }, {}, 400, 'BadRequest'],
    ['a version of a list that is no number', 'GET', `${configMaps}?resourceVersion=new`, undefined, {}, 400, 'BadRequest'],
    ['a continue token that is none', 'GET', `${configMaps}?continue=x`, undefined, {}, 400, 'BadRequest'],
    ['a deletion policy nobody knows', 'DELETE', `${configMaps}/a?propagationPolicy=x`, undefined, {}, 422, 'Invalid'],
    ['a command in no pod', 'POST', '/api/v1/namespaces/default/pods/a/exec?command=x', undefined, {}, 404, 'NotFound'],
  ])('%s', async (_title, method, url, body, headers, code, reason) => {
    const before = (await send('GET', configMaps)).text;
    const response = await send(method, url, body, headers);
    expect(response.json()).toMatchObject({ kind: 'Status', status: 'Failure', code, reason });
    expect(response.code).toBe(code);
    expect((await send('GET', configMaps)).text).toBe(before);
  });

  it.each([
    ['PUT', configMaps, 'POST, GET, DELETE'], ['POST', `${configMaps}/a`, 'GET, PUT, PATCH, DELETE'], ['POST', '/version', 'GET'], ['POST', '/api', 'GET'], ['PUT', '/apis/apps', 'GET'], ['DELETE', '/api/v1', 'GET'],
  ])('%s %s says what is allowed', async (method, url, allow) => {
    const { code, headers, json } = await send(method, url, {});
    const { message } = json() as unknown as { message: string };
    expect([code, headers['allow'], message]).toEqual([405, allow, 'the server does not allow this method on the requested resource']);
  });

  it('a command without an upgrade, after what is wrong with its pod', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    const createPod = (name: string, spec: object) => send('POST', pods, { metadata: { name }, spec: { containers: [{ name: 'main', image: 'busybox' }], ...spec } });
    expect([(await createPod('waits', {})).code, (await createPod('runs', { nodeName: 'pi-1' })).code]).toEqual([201, 201]);
    const why = async (path: string): Promise<unknown[]> => {
      const { code, json } = await send('POST', `${pods}/${path}`);
      return [code, (json() as unknown as { message: string }).message];
    };
    expect(await why('none/portforward')).toEqual([404, 'pods "none" not found']);
    expect(await why('waits/exec?command=x&container=b')).toEqual([400, 'container b is not valid for pod waits']);
    for (const subresource of ['exec?command=x', 'attach', 'portforward']) {
      expect(await why(`waits/${subresource}`)).toEqual([400, 'pod waits does not have a host assigned']);
      expect(await why(`runs/${subresource}`)).toEqual([400, 'Upgrade request required']);
    }
    const { json } = await send('GET', `${pods}/waits/log?tailLines=-1`);
    expect((json() as unknown as { message: string }).message).toBe('PodLogOptions "waits" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0');
  });

  it('YAML, or indented, to those who want it', async () => {
    const yaml = await send('GET', `${configMaps}/none`, undefined, { accept: 'application/yaml' });
    expect(yaml).toMatchObject({ code: 404, headers: { 'content-type': 'application/yaml' } });
    expect(yaml.text).toContain('kind: Status\napiVersion: v1\nmetadata: {}\nstatus: Failure\nmessage: configmaps "none" not found\n');
    expect((await send('GET', `${configMaps}/none?pretty=true`)).text).toMatch(/^{\n {2}"kind": "Status",/);
  });

  it('an unknown path outside the API is plain text', async () => {
    expect(await send('GET', '/nothing')).toMatchObject({ code: 404, text: '404 page not found\n' });
  });
});

describe('forms', () => {
  it('a Table for kubectl', async () => {
    await create('a', { k: 'v' });
    await clock.advance(90_000);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const table = (await send('GET', configMaps, undefined, { accept })).json();
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(table.columnDefinitions.map((column) => column.name)).toEqual(['Name', 'Data', 'Age']);
    expect(table.rows).toMatchObject([{ cells: ['a', 1, '90s'], object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } } }]);
    expect((await send('GET', `${configMaps}/a?includeObject=None`, undefined, { accept })).json().rows).toEqual([{ cells: ['a', 1, '90s'], object: null }]);
    expect((await send('GET', `${configMaps}?includeObject=Object`, undefined, { accept })).json().rows[0]?.object.data).toEqual({ k: 'v' });
    expect((await send('GET', `${configMaps}?includeObject=x`, undefined, { accept })).code).toBe(400);
  });

  it('only metadata', async () => {
    await create('a', { k: 'v' });
    const one = (await send('GET', `${configMaps}/a`, undefined, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' })).json();
    expect(one).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    expect(one.data).toBeUndefined();
    const list = (await send('GET', configMaps, undefined, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' })).json();
    expect(list).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ kind: 'PartialObjectMetadata' }] });
  });

  it('YAML that no reader takes for something else', async () => {
    await create('a', { answer: 'yes', day: '2026-11-21', number: '0x10' });
    const { text } = await send('GET', configMaps, undefined, { accept: 'application/json;q=0.5, application/yaml' });
    expect(text).toContain('\nitems:\n- metadata:\n    name: a\n');
    expect(text).toContain('  data:\n    answer: "yes"\n    day: "2026-11-21"\n    number: "0x10"\n');
  });

  it('gzip for big answers to those who want it', async () => {
    for (let index = 0; index < 4; index++) await create(`a${index}`, { k: 'x'.repeat(50_000) });
    expect((await send('GET', `${configMaps}/a0`, undefined, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
    const response = await send('GET', configMaps, undefined, { 'accept-encoding': 'gzip' });
    expect(response.headers['content-encoding']).toBe('gzip');
    expect((JSON.parse(gunzipSync(response.raw).toString()) as Answer).items).toHaveLength(4);
    expect((await send('GET', configMaps)).headers['content-encoding']).toBeUndefined();
  });

  it('protobuf for Go: objects, lists, errors, metadata, discovery', async () => {
    await create('a', { k: 'v' });
    const protobuf = (url: string, as = '') => send('GET', url, undefined, { accept: `application/vnd.kubernetes.protobuf${as}` });
    const one = await protobuf(`${configMaps}/a`);
    expect(one.headers['content-type']).toBe('application/vnd.kubernetes.protobuf');
    expect(decodeProtobuf(one.raw, 'k8s.io.api.core.v1.ConfigMap')).toEqual((await send('GET', `${configMaps}/a`)).json());
    const list = decodeProtobuf((await protobuf(configMaps)).raw, 'k8s.io.api.core.v1.ConfigMapList');
    expect(list).toEqual((await send('GET', configMaps)).json());
    const missing = await protobuf(`${configMaps}/none`);
    expect(missing.code).toBe(404);
    expect(decodeProtobuf(missing.raw, 'k8s.io.apimachinery.pkg.apis.meta.v1.Status')).toMatchObject({ kind: 'Status', code: 404, reason: 'NotFound', details: { name: 'none' } });
    const metadata = await protobuf(configMaps, ';as=PartialObjectMetadataList;g=meta.k8s.io;v=v1');
    expect(decodeProtobuf(metadata.raw, 'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList')).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a' } }] });
    expect(decodeProtobuf((await protobuf('/apis')).raw, 'k8s.io.apimachinery.pkg.apis.meta.v1.APIGroupList')).toEqual((await send('GET', '/apis')).json());
    expect(decodeProtobuf((await protobuf('/api/v1')).raw, 'k8s.io.apimachinery.pkg.apis.meta.v1.APIResourceList')).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' });
    const aggregated = await protobuf('/apis', ';as=APIGroupDiscoveryList;g=apidiscovery.k8s.io;v=v2');
    expect(decodeProtobuf(aggregated.raw, 'k8s.io.api.apidiscovery.v2.APIGroupDiscoveryList')).toMatchObject({ kind: 'APIGroupDiscoveryList', items: expect.arrayContaining([expect.objectContaining({ metadata: { name: 'apps' } })]) });
    expect((await protobuf(configMaps, ';as=Table;g=meta.k8s.io;v=v1')).code).toBe(406);
  });

  it('items of a list without their own kind', async () => {
    await create('a');
    const list = (await send('GET', configMaps)).json();
    expect(Object.keys(list.items[0]!)).toEqual(['metadata']);
    const yaml = await send('GET', configMaps, undefined, { accept: 'application/yaml' });
    expect(parse(yaml.text)).toEqual(list);
  });

  it('indented for people', async () => {
    await create('a');
    expect((await send('GET', `${configMaps}/a?pretty=true`)).text).toContain('\n  "kind": "ConfigMap"');
    expect((await send('GET', `${configMaps}/a`, undefined, { 'user-agent': 'curl/8' })).text).toContain('\n  "metadata"');
  });

  it('no body for HEAD', async () => {
    const response = await app.inject({ method: 'HEAD', url: configMaps });
    expect(response.statusCode).toBe(200);
    expect(Number(response.headers['content-length'])).toBeGreaterThan(50);
  });
});

describe('subresources', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const deployment = {
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
  };

  it('scale reads and writes replicas as autoscaling/v1', async () => {
    await send('POST', deployments, deployment);
    const scale = (await send('GET', `${deployments}/web/scale`)).json();
    expect(scale).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 2 }, status: { replicas: 0, selector: 'a=b' } });
    expect((await send('PUT', `${deployments}/web/scale`, { ...scale, spec: { replicas: 5 } })).json().spec).toEqual({ replicas: 5 });
    expect((await send('PUT', `${deployments}/web/scale`, scale)).json()).toMatchObject({ code: 409 });
    expect((await send('PATCH', `${deployments}/web/scale`, { spec: { replicas: 1 } }, { 'content-type': 'application/merge-patch+json' })).json().spec).toEqual({ replicas: 1 });
    expect((await send('GET', `${deployments}/web`)).json().spec.replicas).toBe(1);
  });

  it('status writes status and nothing else', async () => {
    const created = (await send('POST', deployments, deployment)).json();
    const updated = (await send('PUT', `${deployments}/web/status`, { ...created, spec: { ...created.spec, replicas: 9 }, status: { replicas: 2 } })).json();
    expect(updated).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 2 } });
  });
});

describe('watch', () => {
  it('begins with the state, tells changes, and ends in time', async () => {
    await create('a');
    const watching = app.inject({ method: 'GET', url: `${configMaps}?watch=true&timeoutSeconds=5`, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
    await settle();
    await create('b');
    await send('DELETE', `${configMaps}/a`);
    await clock.advance(5000);
    const events = (await watching).body.trim().split('\n').map((line) => JSON.parse(line) as Line);
    expect(events.map((event) => [event.type, event.object.rows[0]?.cells[0]])).toEqual([['ADDED', 'a'], ['ADDED', 'b'], ['DELETED', 'a']]);
    expect(events[0]?.object.columnDefinitions).toHaveLength(3);
    expect(events[1]?.object.columnDefinitions).toBeNull();
  });

  it('frames its events for Go', async () => {
    await create('a', { k: 'v' });
    const watching = app.inject({ method: 'GET', url: `${configMaps}?watch=true&timeoutSeconds=5`, headers: { accept: 'application/vnd.kubernetes.protobuf;stream=watch' } });
    await settle();
    await send('DELETE', `${configMaps}/a`);
    await clock.advance(5000);
    const response = await watching;
    expect(response.headers['content-type']).toBe('application/vnd.kubernetes.protobuf;stream=watch');
    const events: [string, string][] = [];
    for (let rest = response.rawPayload; rest.length > 0; rest = rest.subarray(4 + rest.readUInt32BE())) {
      const event = rest.subarray(4, 4 + rest.readUInt32BE());
      const type = event.subarray(2, 2 + event[1]!).toString();
      const { metadata } = decodeProtobuf(event.subarray(event.indexOf('k8s\0')), 'k8s.io.api.core.v1.ConfigMap') as unknown as Answer;
      events.push([type, metadata.name]);
    }
    expect(events).toEqual([['ADDED', 'a'], ['DELETED', 'a']]);
    expect((await send('GET', `${configMaps}?watch=true`, undefined, { accept: 'application/yaml' })).code).toBe(406);
  });

  it('ends when the server closes', async () => {
    const watching = app.inject({ method: 'GET', url: `${configMaps}?watch=true` });
    await settle();
    await app.close();
    expect((await watching).statusCode).toBe(200);
  });

  it('takes a seat only while it begins', async () => {
    app = build({ maxInFlight: 1 });
    const watch = app.inject({ method: 'GET', url: `${configMaps}?watch=true&timeoutSeconds=5` });
    await settle();
    expect((await send('GET', configMaps)).code).toBe(200);
    await clock.advance(5000);
    expect((await watch).statusCode).toBe(200);
  });

  it('is refused over the limit', async () => {
    app = build({ longRunning: new LongRunningRequests(1) });
    const first = app.inject({ method: 'GET', url: `${configMaps}?watch=true&timeoutSeconds=5` });
    await settle();
    const second = await send('GET', `${configMaps}?watch=true`);
    expect(second.json()).toMatchObject({ code: 429, reason: 'TooManyRequests' });
    expect(second.headers['retry-after']).toBe('1');
    await clock.advance(5000);
    await first;
    const third = app.inject({ method: 'GET', url: `${configMaps}?watch=true&timeoutSeconds=5` });
    await settle();
    await clock.advance(5000);
    expect((await third).statusCode).toBe(200);
  });
});

describe('the server itself', () => {
  it('names the Kubernetes whose API it has', async () => {
    expect((await send('GET', '/version')).json()).toMatchObject({ major: '1', minor: '36', gitVersion: 'v1.36.0+bramble-0.1.0' });
  });

  it('tells which check fails, and why to the log only', async () => {
    app = build({ health: { ready: [{ name: 'storage', check: () => { throw new Error('disk is full'); } }] } });
    expect((await send('GET', '/livez')).text).toBe('ok');
    const response = await send('GET', '/readyz');
    expect(response).toMatchObject({ code: 500, text: '[+]ping ok\n[-]storage failed: reason withheld\nreadyz check failed\n' });
    expect((await send('GET', '/readyz?exclude=storage&verbose')).text).toBe('[+]ping ok\n[+]storage excluded: ok\nreadyz check passed\n');
    expect((await send('GET', '/readyz/storage')).code).toBe(500);
    expect((await send('GET', '/readyz/none')).code).toBe(404);
  });

  it('refuses more than it can have in flight, and recovers', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => { release = resolve; });
    app = build({ maxInFlight: 1, health: { ready: [{ name: 'slow', check: () => held }] } });
    const first = send('GET', '/readyz');
    await settle();
    const second = await send('GET', configMaps);
    expect(second.json()).toMatchObject({ code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } });
    expect((await send('GET', `${configMaps}?watch=true`)).code).toBe(429);
    release();
    expect((await first).code).toBe(200);
    expect((await send('GET', configMaps)).code).toBe(200);
  });

  it('warns of a check that cannot be left out, for there is none', async () => {
    expect((await send('GET', '/readyz?verbose&exclude=etcd')).text).toBe('[+]ping ok\nwarn: some health checks cannot be excluded: no matches for "etcd"\nreadyz check passed\n');
  });

  it('counts its requests for Prometheus', async () => {
    await create('a');
    await send('GET', `${configMaps}/a`);
    const { text, headers } = await send('GET', '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('apiserver_request_total{component="apiserver",dry_run="",group="",resource="configmaps",scope="namespace",subresource="",verb="POST",version="v1",code="201"} 1\n');
    expect(text).toMatch(/^apiserver_request_duration_seconds_bucket\{.*resource="configmaps".*verb="GET".*le="60"\} 1$/m);
  });

  it('hides what went wrong inside', async () => {
    app = build({ registry: { ...registry, of: () => { throw new Error('secret detail'); } } });
    const response = await send('GET', configMaps);
    expect(response.json()).toMatchObject({ code: 500, reason: 'InternalError' });
    expect(response.text).not.toContain('secret detail');
    expect(logged).toEqual(['request failed']);
  });

  it('discovers its kinds, plain and aggregated', async () => {
    expect((await send('GET', '/api')).json()).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    expect((await send('GET', '/apis')).json().groups.map((group) => group.name)).toEqual(expect.arrayContaining(['apps', 'autoscaling', 'coordination.k8s.io']));
    expect((await send('GET', '/apis/apps')).json()).toMatchObject({ kind: 'APIGroup', name: 'apps', preferredVersion: { groupVersion: 'apps/v1' } });
    const resources = (await send('GET', '/api/v1')).json().resources;
    expect(resources.find((entry) => entry.name === 'pods')).toMatchObject({ kind: 'Pod', singularName: 'pod', shortNames: ['po'], categories: ['all'], namespaced: true });
    expect((await send('GET', '/apis/apps/v1')).json().resources.find((entry) => entry.name === 'deployments/scale')).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' });
    expect((await send('GET', '/apis/apps/v2')).code).toBe(404);
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const aggregated = await send('GET', '/apis', undefined, { accept });
    expect(aggregated.headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    expect(aggregated.json().items[1]).toMatchObject({ metadata: { name: 'apps' }, versions: [{ version: 'v1', freshness: 'Current' }] });
    expect((await send('GET', '/apis', undefined, { accept, 'if-none-match': String(aggregated.headers.etag) })).code).toBe(304);
  });

  it('tells clients of a deprecated kind what to use, beside other warnings', async () => {
    const deprecation = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';
    const endpoints = '/api/v1/namespaces/default/endpoints';
    expect((await send('GET', endpoints)).headers.warning).toEqual([deprecation]);
    expect((await send('POST', endpoints, { metadata: { name: 'a' }, foo: 1 })).headers.warning).toEqual([deprecation, '299 - "unknown field \\"foo\\""']);
  });

  it('publishes OpenAPI in both versions', async () => {
    const swagger = (await send('GET', '/openapi/v2')).json();
    expect(swagger.definitions?.['io.k8s.api.core.v1.PodSpec']?.properties['containers']).toMatchObject({ type: 'array', 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-list-type': 'map' });
    expect(swagger.definitions?.['io.k8s.api.core.v1.PodSpec']?.required).toEqual(['containers']);
    const patch = swagger.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!.patch;
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
    expect(patch.parameters.map((parameter) => parameter.name)).toEqual(expect.arrayContaining(['dryRun', 'fieldValidation', 'body']));
    const protobuf = await send('GET', '/openapi/v2', undefined, { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' });
    expect(protobuf.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    expect(protobuf.raw.subarray(0, 5)).toEqual(Buffer.from('\n\x032.0'));
    const index = (await send('GET', '/openapi/v3')).json();
    const document = (await send('GET', index.paths['apis/apps/v1']!.serverRelativeURL)).json();
    expect(document.components.schemas['io.k8s.api.apps.v1.Deployment']).toMatchObject({ 'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }] });
    expect((await send('GET', '/openapi/v3/apis/none/v1')).code).toBe(404);
    expect((await send('GET', '/openapi/v2', undefined, { accept: 'text/html' })).code).toBe(406);
  });

  it('has every reference of its OpenAPI documents defined', async () => {
    for (const url of ['/openapi/v2', '/openapi/v3/api/v1', '/openapi/v3/apis/apps/v1', '/openapi/v3/apis/discovery.k8s.io/v1', '/openapi/v3/apis/coordination.k8s.io/v1']) {
      const response = await send('GET', url);
      const document = response.json();
      const defined = new Set(Object.keys(document.definitions ?? document.components.schemas));
      const wanted = [...response.text.matchAll(/"\$ref":"#\/(?:definitions|components\/schemas)\/([^"]+)"/g)].map((match) => match[1]!);
      expect(wanted.length).toBeGreaterThan(10);
      expect(wanted.filter((name) => !defined.has(name))).toEqual([]);
    }
  });
});
