/** What the audit log says of requests over HTTP: stages, levels, refusals, connections that leave HTTP; and its files. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { encodeProtobuf } from '../../../apiserver/protobuf/encode-protobuf.ts';
import { wrapMessage } from '../../../apiserver/protobuf/envelope.ts';
import { openAudit } from '../../../audit/open-audit.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

interface AuditEvent {
  level: string;
  stage: string;
  auditID: string;
  verb: string;
  requestURI: string;
  user: { username?: string };
  impersonatedUser?: { username: string };
  objectRef?: object;
  responseStatus?: { code: number; message?: string; reason?: string };
  requestObject?: unknown;
  responseObject?: { kind: string };
  annotations?: Record<string, string>;
}

const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- {level: None, nonResourceURLs: ["/healthz"]}
- {level: Metadata, resources: [{group: "", resources: [secrets, pods/*]}]}
- {level: RequestResponse, resources: [{group: "", resources: [configmaps]}], omitStages: [RequestReceived]}
- {level: Request, resources: [{group: "", resources: [namespaces]}]}
- {level: RequestResponse, resources: [{group: "", resources: [serviceaccounts]}], omitManagedFields: true, omitStages: [RequestReceived]}
- {level: Metadata}
`;
let server: StartedApiServer;
let directory: string;
const events: AuditEvent[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'audit-'));
  await writeFile(join(directory, 'policy.yaml'), policy);
  let id = 0;
  const { audit } = await openAudit({ policyFile: join(directory, 'policy.yaml'), logPath: undefined, dataDir: directory, clock: systemClock, logger: silentLogger, newId: () => `id-${++id}` });
  server = await startApiServer({ audit: { ...audit, log: { write: (event) => { events.push(structuredClone(event) as unknown as AuditEvent); } } } });
});
beforeEach(() => { events.length = 0; });
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Options {
  body?: object | Buffer | string;
  headers?: Record<string, string>;
  anonymous?: boolean;
}

function send(method: string, path: string, { body, headers = {}, anonymous = false }: Options = {}) {
  const { admin, ca } = server.pki;
  return new Promise<{ code: number; headers: Record<string, unknown>; end: () => void }>((resolve, reject) => {
    const outgoing = request(`${server.url}${path}`, {
      method, ca, agent: false, ...(anonymous ? {} : { cert: admin.certificate, key: admin.key }), headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    }, (response) => {
      response.on('error', () => {});
      response.resume();
      resolve({ code: response.statusCode!, headers: response.headers, end: () => outgoing.destroy() });
    });
    outgoing.once('upgrade', (response, socket) => resolve({ code: response.statusCode!, headers: response.headers, end: () => socket.destroy() }));
    outgoing.once('error', reject);
    outgoing.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : body && JSON.stringify(body));
  });
}
const stages = () => events.map(({ stage, responseStatus }) => (responseStatus ? `${stage} ${responseStatus.code}` : stage));

it('writes as much as the level says', async () => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } };
  await send('POST', '/api/v1/namespaces/default/configmaps', { body: map });
  await eventually(() => expect(stages()).toEqual(['ResponseComplete 201']));
  expect(events[0]).toMatchObject({ level: 'RequestResponse', verb: 'create', user: { username: 'kubernetes-admin' }, requestObject: map, responseObject: { kind: 'ConfigMap', metadata: { name: 'a' } }, objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' } });
  events.length = 0;
  await send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'team' } } });
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseComplete 201']));
  expect(events[1]).toMatchObject({ requestObject: { metadata: { name: 'team' } } });
  expect(events[1]).not.toHaveProperty('responseObject');
  events.length = 0;
  await send('POST', '/api/v1/namespaces/default/secrets', { body: { metadata: { name: 's' }, stringData: { password: 'hidden' } } });
  await send('GET', '/healthz');
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseComplete 201']));
  expect(JSON.stringify(events)).not.toContain('hidden');
});

it('writes objects as JSON, whatever the wire had', async () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'wire' }, data: { a: 'b' } };
  await send('POST', path, { body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {a: b}\n', headers: { 'content-type': 'application/yaml', accept: 'application/yaml' } });
  const protobuf = 'application/vnd.kubernetes.protobuf';
  await send('POST', path, { body: wrapMessage('v1', 'ConfigMap', encodeProtobuf('k8s.io.api.core.v1.ConfigMap', map)), headers: { 'content-type': protobuf, accept: protobuf } });
  await send('PATCH', `${path}/wire?fieldManager=me`, { body: 'apiVersion: v1\nkind: ConfigMap\ndata: {c: d}\n', headers: { 'content-type': 'application/apply-patch+yaml' } });
  await send('GET', path, { headers: { accept: protobuf } });
  await send('GET', `${path}/missing`);
  await eventually(() => expect(stages()).toEqual(['ResponseComplete 201', 'ResponseComplete 201', 'ResponseComplete 200', 'ResponseComplete 200', 'ResponseComplete 404']));
  const [yaml, wire, applied, list, missing] = events;
  expect(yaml).toMatchObject({ requestObject: { kind: 'ConfigMap', metadata: { name: 'yaml' }, data: { a: 'b' } }, responseObject: { kind: 'ConfigMap', metadata: { name: 'yaml' } }, objectRef: { name: 'yaml' } });
  expect(wire).toMatchObject({ requestObject: map, responseObject: { kind: 'ConfigMap', data: { a: 'b' } }, objectRef: { name: 'wire' } });
  expect(applied).toMatchObject({ requestObject: { data: { c: 'd' } }, responseObject: { data: { a: 'b', c: 'd' } } });
  expect(list?.responseObject).toMatchObject({ kind: 'ConfigMapList' });
  expect((list?.responseObject as unknown as { items: unknown[] }).items.length).toBeGreaterThanOrEqual(2);
  expect(missing?.responseObject).toMatchObject({ kind: 'Status', code: 404 });
});

it('writes large bodies up to a bound, and marks what it leaves out', async () => {
  const large = (name: string, bytes: number) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'x'.repeat(bytes) } });
  await send('POST', '/api/v1/namespaces/default/configmaps', { body: large('some', 600_000), headers: { 'accept-encoding': 'gzip' } });
  await send('POST', '/api/v1/namespaces/default/configmaps', { body: large('too-much', 1_040_000), headers: { 'content-type': 'application/json' } });
  await send('POST', '/api/v1/namespaces/default/configmaps', { body: large('far-too-much', 1_100_000) });
  await eventually(() => expect(stages()).toEqual(['ResponseComplete 201', 'ResponseComplete 201', 'ResponseComplete 422']));
  expect(events.map((event) => [(event.requestObject as { data: { a: string } } | undefined)?.data.a.length, event.responseObject?.kind, event.annotations?.['audit.k8s.io/truncated']])).toEqual([
    [600_000, 'ConfigMap', undefined], [1_040_000, 'ConfigMap', undefined], [undefined, 'Status', 'true'],
  ]);
});

it('names what a request creates, at every level', async () => {
  await send('POST', '/api/v1/namespaces/default/secrets', { body: { metadata: { name: 'named' } } });
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseComplete 201']));
  expect(events[1]?.objectRef).toEqual({ resource: 'secrets', namespace: 'default', name: 'named', apiVersion: 'v1' });
});

it('leaves out what the policy omits, also of lists', async () => {
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'one' } } });
  await send('GET', '/api/v1/namespaces/default/serviceaccounts');
  await eventually(() => expect(stages()).toEqual(['ResponseComplete 201', 'ResponseComplete 200']));
  expect(events[0]?.responseObject).toMatchObject({ kind: 'ServiceAccount', metadata: { name: 'one' } });
  expect(events[1]?.responseObject).toMatchObject({ kind: 'ServiceAccountList', items: [{}, { metadata: { name: 'one' } }] });
  expect(JSON.stringify(events)).not.toContain('managedFields');
});

it('gives the events of a request one id, the answer too, and takes the client\'s', async () => {
  const { headers } = await send('GET', '/api/v1/namespaces/default/secrets');
  await eventually(() => expect(events).toHaveLength(2));
  expect(new Set(events.map(({ auditID }) => auditID))).toEqual(new Set([headers['audit-id']]));
  expect((await send('GET', '/api/v1/nodes', { headers: { 'audit-id': 'mine' } })).headers['audit-id']).toBe('mine');
});

it('says who was refused, and why', async () => {
  await send('GET', '/api/v1/nodes', { headers: { 'impersonate-user': 'jane' } });
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseComplete 403']));
  expect(events[1]).toMatchObject({ user: { username: 'kubernetes-admin' }, impersonatedUser: { username: 'jane' }, responseStatus: { reason: 'Forbidden' }, annotations: { 'authorization.k8s.io/decision': 'forbid' } });
  events.length = 0;
  await send('GET', '/api/v1/nodes', { anonymous: true, headers: { authorization: 'Bearer wrong' } });
  await eventually(() => expect(stages()).toEqual(['ResponseStarted 401']));
  expect(events[0]).toMatchObject({ user: {}, responseStatus: { message: 'Authentication failed, attempted: bearer' } });
});

it('says why a request was allowed, and what admission notes', async () => {
  await send('GET', '/version', { anonymous: true });
  await eventually(() => expect(events.at(-1)?.annotations).toEqual({
    'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC: allowed by ClusterRoleBinding "system:public-info-viewer" of ClusterRole "system:public-info-viewer" to Group "system:unauthenticated"',
  }));
  await send('POST', '/api/v1/namespaces', { body: { metadata: { name: 'safe', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } } });
  await send('POST', '/api/v1/namespaces/safe/serviceaccounts', { body: { metadata: { name: 'default' } } });
  const pod = { metadata: { name: 'p' }, spec: { hostNetwork: true, containers: [{ name: 'c', image: 'i' }] } };
  expect((await send('POST', '/api/v1/namespaces/safe/pods', { body: pod })).code).toBe(403);
  await eventually(() => expect(events.at(-1)?.annotations).toMatchObject({ 'pod-security.kubernetes.io/enforce-policy': 'baseline:latest' }));
});

it('says when a watch begins, and when it ends', async () => {
  const watch = await send('GET', '/api/v1/namespaces/default/secrets?watch=true');
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseStarted 200']));
  watch.end();
  await eventually(() => expect(stages().at(-1)).toBe('ResponseComplete 200'));
});

const webSocket = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };

it('says who leaves HTTP', async () => {
  const watch = await send('GET', '/api/v1/namespaces/default/secrets?watch=true', { headers: webSocket });
  expect(watch.code).toBe(101);
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseStarted 101']));
  watch.end();
  await eventually(() => expect(stages().at(-1)).toBe('ResponseComplete 101'));
});

it('says which commands failed and which were refused', async () => {
  const path = '/api/v1/namespaces/default/pods/gone/exec?command=id&stdout=true';
  await send('GET', path, { headers: webSocket });
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseComplete 404']));
  expect(events[1]).toMatchObject({ verb: 'get', requestURI: path, objectRef: { resource: 'pods', subresource: 'exec', name: 'gone' }, annotations: { 'authorization.k8s.io/decision': 'allow' } });
  events.length = 0;
  await send('GET', path, { headers: webSocket, anonymous: true });
  await eventually(() => expect(stages()).toEqual(['RequestReceived', 'ResponseComplete 403']));
  expect(events[1]).toMatchObject({ user: { username: 'system:anonymous' }, annotations: { 'authorization.k8s.io/decision': 'forbid' } });
  events.length = 0;
  await send('GET', path, { headers: { ...webSocket, authorization: 'Bearer wrong' }, anonymous: true });
  await eventually(() => expect(stages()).toEqual(['ResponseStarted 401']));
});

it('keeps as many full files as it may', async () => {
  const path = join(directory, 'log', 'audit.log');
  const { audit, stop } = await openAudit({ policyFile: join(directory, 'policy.yaml'), logPath: path, maxMegabytes: 1, maxBackups: 2, dataDir: directory, clock: systemClock, logger: silentLogger, newId: () => '' });
  for (let file = 0; file < 4; file++) {
    audit.log.write({ file, padding: 'x'.repeat(700_000) });
    await stop();
  }
  expect((await readdir(join(directory, 'log'))).sort()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2']);
  const first = async (name: string) => (JSON.parse(await readFile(join(directory, 'log', name), 'utf8')) as { file: number }).file;
  expect([await first('audit.log'), await first('audit.log.1'), await first('audit.log.2')]).toEqual([3, 2, 1]);
});

it('leaves the bodies out of a line that both of them make too long', async () => {
  const path = join(directory, 'long', 'audit.log');
  const { audit, stop } = await openAudit({ policyFile: join(directory, 'policy.yaml'), logPath: path, dataDir: directory, clock: systemClock, logger: silentLogger, newId: () => '' });
  // Each is within the bound, but escaped as JSON it is twice as long.
  const body = { data: '"'.repeat(700_000) };
  audit.log.write({ auditID: 'long', requestObject: body, responseObject: body, annotations: { 'example.com/kept': 'yes' } });
  audit.log.write({ auditID: 'fits', requestObject: { data: 'x'.repeat(700_000) } });
  await stop();
  const [long, fits] = (await readFile(path, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as AuditEvent);
  expect(long).toEqual({ auditID: 'long', annotations: { 'example.com/kept': 'yes', 'audit.k8s.io/truncated': 'true' } });
  expect(fits).toMatchObject({ auditID: 'fits', requestObject: { data: expect.any(String) as string } });
  expect(fits).not.toHaveProperty('annotations');
});
