import { createServer, request, type Server } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { APIService } from '../../../../api/apiregistration.ts';
import { apiServices, customResourceDefinitions, endpointSlices, services } from '../../../../api/resources.ts';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { createAdmissionStore } from '../../../admission/admission-store.ts';
import { AggregatedServices } from '../../../aggregation/aggregated-services.ts';
import { AvailabilityController } from '../../../aggregation/availability-controller.ts';
import { ExtensionContent } from '../../../aggregation/extension-content.ts';
import type { ExtensionAccess } from '../../../aggregation/extension-request.ts';
import { ExtensionSwagger } from '../../../aggregation/extension-swagger.ts';
import { LocalApiServices } from '../../../aggregation/local-api-services.ts';
import type { SwaggerDocument } from '../../../apiserver/openapi/documents.ts';
import { encodeGnostic } from '../../../apiserver/openapi/gnostic.ts';
import { createAuthority, issueCertificate } from '../../../pki/certificates.ts';
import { createLocalClient } from '../../../registry/local-client.ts';
import { createMemoryStore } from '../../../storage/memory-store.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let extension: Server;
let api: StartedApiServer;
let controller: AvailabilityController;
let access: ExtensionAccess;
const groupVersion = 'apis/wardle.example.com/v1';
/** That the extension server has. */
const connections = new Set<unknown>();
/** Answers that the extension server holds back. */
const waiting: (() => void)[] = [];
const audited: { auditID: string; stage: string; verb: string; objectRef?: object; responseStatus?: { code: number } }[] = [];
/** Its OpenAPI 2, as today's servers have it: parameters are shared, and there is more than its own group. */
const swagger = {
  swagger: '2.0', info: { title: 'wardle', version: '1' }, parameters: { 'pretty-1': { in: 'query', name: 'pretty', type: 'string' } },
  paths: {
    '/apis/wardle.example.com/v1/flunders': { get: { description: 'list Flunders', operationId: 'listWardleFlunder', responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/com.example.wardle.v1.Flunder' } } } }, parameters: [{ $ref: '#/parameters/pretty-1' }] },
    '/apis/other.example.com/v1/things': { get: { responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/com.example.other.v1.Thing' } } } } },
  },
  definitions: {
    'com.example.wardle.v1.Flunder': { type: 'object', description: 'A flunder.', properties: { metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }, spec: { $ref: '#/definitions/com.example.wardle.v1.FlunderSpec' } } },
    'com.example.wardle.v1.FlunderSpec': { type: 'object', description: 'What it is to be.' },
    'com.example.other.v1.Thing': { type: 'object' },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { type: 'object', description: 'another one' },
  },
};
/** What the extension server keeps in the namespace `team`: plural → names. */
const content = new Map([['flunders', ['a', 'b']], ['fischers', ['c']]]);
const deletedBy = new Set<string>();
const aggregatedStore = createMemoryStore();
const aggregated = new AggregatedServices(aggregatedStore);

beforeAll(async () => {
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3_600_000) };
  const authority = await createAuthority('extension-authority', validity);
  const leaf = await issueCertificate(authority, { commonName: 'extension', organizations: [], usages: ['serverAuth'], alternativeNames: ['wardle.default.svc'], ...validity });
  const frontProxy = await issueCertificate(authority, { commonName: 'front-proxy-client', organizations: [], usages: ['clientAuth'], alternativeNames: [], ...validity });
  extension = createServer({ cert: leaf.certificate, key: leaf.key, ca: authority.certificate, requestCert: true }, (incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    incoming.on('end', () => {
      outgoing.setHeader('content-type', 'application/json');
      if (incoming.url === '/apis/wardle.example.com/v1') {
        outgoing.end(JSON.stringify({ kind: 'APIResourceList', resources: [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list', 'delete', 'deletecollection'] }, { name: 'flunders/status', namespaced: true, kind: 'Flunder', verbs: ['get'] }, { name: 'fischers', namespaced: true, kind: 'Fischer', verbs: ['list', 'delete'] }] }));
        return;
      }
      if (incoming.url === '/openapi/v2') {
        outgoing.end(JSON.stringify(swagger));
        return;
      }
      if (incoming.url === '/openapi/v3') {
        outgoing.end(JSON.stringify({ paths: { [groupVersion]: { serverRelativeURL: `/openapi/v3/${groupVersion}?hash=ABC` } } }));
        return;
      }
      const kept = /^\/apis\/wardle\.example\.com\/v1\/namespaces\/team\/([a-z]+)(?:\/([^?]+))?/.exec(incoming.url ?? '');
      if (kept) {
        const [, kind = '', name] = kept;
        if (incoming.method === 'DELETE') content.set(kind, name === undefined ? [] : (content.get(kind) ?? []).filter((one) => one !== name));
        deletedBy.add(String(incoming.headers['x-remote-user']));
        outgoing.end(JSON.stringify({ kind: 'List', items: (content.get(kind) ?? []).map((one) => ({ metadata: { name: one } })) }));
        return;
      }
      if (incoming.url?.endsWith('/slow')) {
        waiting.push(() => outgoing.end('{}'));
        return;
      }
      outgoing.statusCode = 201;
      const { subject } = (incoming.socket as unknown as TLSSocket).getPeerCertificate();
      outgoing.end(JSON.stringify({ url: incoming.url, method: incoming.method, body, proxy: subject.CN, user: incoming.headers['x-remote-user'], groups: incoming.headers['x-remote-group'], authorization: incoming.headers.authorization }));
    });
  });
  extension.on('upgrade', (incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.write(`${incoming.url} of ${String(incoming.headers['x-remote-user'])} as ${String(incoming.headers['sec-websocket-protocol'])}\n`);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  extension.on('secureConnection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => { extension.listen(0, '127.0.0.1', resolve); });
  const { port } = extension.address() as AddressInfo;
  access = { dial: () => Promise.resolve(connect(port, '127.0.0.1')), frontProxy };
  api = await startApiServer({ storage: aggregatedStore, aggregation: { ...access, services: aggregated }, maxInFlight: 2, audit: {
    policy: { rules: [{ level: 'Metadata' }], omitStages: ['RequestReceived'], omitManagedFields: false }, log: { write: (event) => { audited.push(event as (typeof audited)[number]); } }, clock: systemClock, newId: () => 'audit-1',
  } });
  const client = createLocalClient(api.registry, { name: 'system:bramble', groups: ['system:masters'] });
  controller = new AvailabilityController({ ...access, aggregated, client, storage: aggregatedStore, store: createAdmissionStore(aggregatedStore), clock: systemClock, logger: silentLogger });
  const service: APIService = {
    metadata: { name: 'v1.wardle.example.com' },
    spec: { group: 'wardle.example.com', version: 'v1', groupPriorityMinimum: 2000, versionPriority: 10, caBundle: Buffer.from(authority.certificate).toString('base64'), service: { namespace: 'default', name: 'wardle' } },
  };
  await client.resource(apiServices).create(service);
});
afterAll(async () => {
  aggregated.stop();
  await api.stop();
  await new Promise((resolve) => { extension.close(resolve); extension.closeAllConnections(); });
});

function ask(path: string, method = 'GET', body?: string, headers: Record<string, string> = {}): Promise<{ code: number; value: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const call = request(`${api.url}${path}`, {
      method, ca: api.pki.ca, cert: api.pki.admin.certificate, key: api.pki.admin.key, headers: { 'content-type': 'application/json', 'X-Remote-User': 'forged', ...headers },
    }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => { text += chunk.toString(); });
      response.on('end', () => { resolve({ code: response.statusCode ?? 0, value: JSON.parse(text) as Record<string, unknown> }); });
    });
    call.on('error', reject);
    call.end(body);
  });
}

it('leads to the extension server when it answers, and says why it does not before', async () => {
  const client = createLocalClient(api.registry, { name: 'system:bramble', groups: ['system:masters'] });
  const condition = async () => (await client.resource(apiServices).get('v1.wardle.example.com')).status?.conditions?.[0];
  await controller.checkAll();
  expect(await condition()).toMatchObject({ type: 'Available', status: 'False', reason: 'ServiceNotFound', message: 'service/wardle in "default" is not present' });
  expect((await ask('/apis/wardle.example.com/v1/flunders')).code).toBe(503);
  const external = await client.resource(services).create({ metadata: { name: 'wardle', namespace: 'default' }, spec: { type: 'ExternalName', externalName: 'wardle.example.com' } });
  await controller.checkAll();
  expect(await condition(), 'an ExternalName has no endpoints').toMatchObject({ status: 'True', reason: 'Passed' });
  await client.resource(services).update({ ...external, spec: { type: 'ClusterIP', ports: [{ port: 444 }] } });
  await controller.checkAll();
  expect(await condition()).toMatchObject({ status: 'False', reason: 'ServicePortError', message: 'service/wardle in "default" is not listening on port 443' });
  await client.resource(services).modify('wardle', 'default', (copy) => ({ ...copy, spec: { ...copy.spec, ports: [{ name: 'https', port: 443 }] } }));
  await client.resource(endpointSlices).create({ metadata: { name: 'wardle-0', namespace: 'default', labels: { 'kubernetes.io/service-name': 'wardle' } }, addressType: 'IPv4', ports: [{ port: 443 }], endpoints: [{ addresses: ['198.18.0.9'] }] });
  await controller.checkAll();
  expect(await condition()).toMatchObject({ status: 'False', reason: 'MissingEndpoints', message: 'endpointslices for service/wardle in "default" have no addresses with port name "https"' });
  await client.resource(endpointSlices).delete('wardle-0', 'default');
  await client.resource(services).modify('wardle', 'default', (copy) => ({ ...copy, spec: { ...copy.spec, ports: [{ port: 443 }] } }));
  await client.resource(endpointSlices).create({ metadata: { name: 'wardle-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'wardle' } }, addressType: 'IPv4', ports: [{ port: 443 }], endpoints: [{ addresses: ['198.18.0.9'] }] });
  await controller.checkAll();
  expect(await condition()).toMatchObject({ status: 'True', reason: 'Passed', message: 'all checks passed' });
  const { code, value } = await ask('/apis/wardle.example.com/v1/namespaces/default/flunders?a=b', 'POST', '{"kind":"Flunder"}');
  expect([code, value]).toEqual([201, {
    url: '/apis/wardle.example.com/v1/namespaces/default/flunders?a=b', method: 'POST', body: '{"kind":"Flunder"}', proxy: 'front-proxy-client',
    user: 'kubernetes-admin', groups: 'system:masters, system:authenticated',
  }]);
  expect((await ask('/apis/wardle.example.com')).value).toMatchObject({ kind: 'APIGroup', name: 'wardle.example.com', versions: [{ version: 'v1' }] });
  expect((await ask('/apis/wardle.example.com/v1')).value).toMatchObject({ resources: [{ name: 'flunders' }, {}, {}] });
});

it('deletes what the extension server keeps in a namespace', async () => {
  const extensions = new ExtensionContent({ ...access, services: aggregated, clock: systemClock });
  expect(await extensions.deleteFrom('team')).toEqual({ remainders: [], failures: [], undiscovered: [] });
  expect([...content]).toEqual([['flunders', []], ['fischers', []]]);
  expect([...deletedBy]).toEqual(['system:serviceaccount:kube-system:namespace-controller']);
});

it('counts and writes down what it leads on', async () => {
  const path = '/apis/wardle.example.com/v1/namespaces/default/flunders/slow';
  const held = [ask(path), ask(path)];
  await eventually(() => expect(waiting).toHaveLength(2));
  const { code, value } = await ask('/api/v1/namespaces');
  expect([code, value['reason']]).toEqual([429, 'TooManyRequests']);
  for (const answer of waiting) answer();
  expect((await Promise.all(held)).map((one) => one.code)).toEqual([200, 200]);
  await eventually(async () => expect((await ask('/api/v1/namespaces')).code).toBe(200));
  await eventually(() => expect(audited).toContainEqual(expect.objectContaining({
    stage: 'ResponseComplete', verb: 'get', responseStatus: { metadata: {}, code: 200 }, objectRef: expect.objectContaining({ apiGroup: 'wardle.example.com', resource: 'flunders', name: 'slow' }) as object,
  })));
});

it('shows the documents of the extension server among its own', async () => {
  const url = '/openapi/v3/apis/wardle.example.com/v1?hash=ABC';
  expect((await ask('/openapi/v3')).value).toMatchObject({ paths: { 'apis/wardle.example.com/v1': { serverRelativeURL: url }, 'apis/apps/v1': {} } });
  expect((await ask(url)).value).toMatchObject({ url, user: 'kubernetes-admin' });
});

it('has the definitions of the extension server in the one document of OpenAPI 2, as JSON and as protobuf', async () => {
  interface Document { paths: Record<string, { parameters: unknown[] }>; definitions: Record<string, { description?: string }> }
  const before = (await ask('/openapi/v2')).value as unknown as Document;
  expect(before.definitions).not.toHaveProperty(['com.example.wardle.v1.Flunder']);
  aggregated.swagger = new ExtensionSwagger({ ...access, services: aggregated, clock: systemClock, logger: silentLogger });
  const { paths, definitions } = (await ask('/openapi/v2')).value as unknown as Document;
  expect(paths['/apis/wardle.example.com/v1/flunders']).toMatchObject({ get: { operationId: 'listWardleFlunder', parameters: [] }, parameters: [{ in: 'query', name: 'pretty' }] });
  expect(definitions['com.example.wardle.v1.FlunderSpec']).toEqual({ type: 'object', description: 'What it is to be.' });
  expect(definitions['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']).toEqual(before.definitions['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']);
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(Object.keys(before.paths)));
  expect([paths, definitions]).toEqual([expect.not.objectContaining({ '/apis/other.example.com/v1/things': expect.anything() as unknown }), expect.not.objectContaining({ 'com.example.other.v1.Thing': expect.anything() as unknown })]);
  expect(encodeGnostic({ ...before, paths, definitions } as unknown as SwaggerDocument).includes('What it is to be.')).toBe(true);
});

it('leads connections that leave HTTP through, and closes them with either end', async () => {
  const call = request(`${api.url}/apis/wardle.example.com/v1/namespaces/default/flunders/a/exec`, {
    ca: api.pki.ca, cert: api.pki.admin.certificate, key: api.pki.admin.key,
    headers: { connection: 'Upgrade', upgrade: 'echo', 'X-Remote-User': 'forged', 'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.dG9rZW4, v4.channel.k8s.io' },
  });
  const socket = await new Promise<Socket>((resolve, reject) => {
    call.once('upgrade', (_response, opened) => resolve(opened));
    call.once('error', reject);
    call.end();
  });
  let text = '';
  socket.on('data', (chunk: Buffer) => { text += chunk.toString(); });
  socket.write('hello\n');
  await eventually(() => expect(text).toBe('/apis/wardle.example.com/v1/namespaces/default/flunders/a/exec of kubernetes-admin as v4.channel.k8s.io\nhello\n'));
  expect(connections.size).toBeGreaterThan(0);
  socket.destroy();
  await eventually(() => expect(connections.size).toBe(0));
});

it('notices a change by itself, and says in discovery which servers are away', async () => {
  controller.start();
  const client = createLocalClient(api.registry, { name: 'system:bramble', groups: ['system:masters'] });
  await client.resource(endpointSlices).delete('wardle-1', 'default');
  await eventually(async () => expect((await client.resource(apiServices).get('v1.wardle.example.com')).status?.conditions?.[0]).toMatchObject({ status: 'False', reason: 'EndpointsNotFound' }));
  const { code, value } = await ask('/apis/wardle.example.com/v1/flunders');
  expect([code, value['reason'], value['message']]).toEqual([503, 'ServiceUnavailable', 'service unavailable']);
  expect((await ask('/apis/wardle.example.com')).value).toMatchObject({ kind: 'APIGroup' });
  expect(await new ExtensionContent({ ...access, services: aggregated, clock: systemClock }).deleteFrom('team')).toEqual({ remainders: [], failures: [], undiscovered: [`${groupVersion.slice(5)}: stale GroupVersion discovery: ${groupVersion.slice(5)}`] });
  const { items } = (await ask('/apis', 'GET', undefined, { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' })).value as { items: { metadata: { name: string }; versions: unknown[] }[] };
  expect(items.find(({ metadata }) => metadata.name === 'wardle.example.com')?.versions).toEqual([{ version: 'v1', freshness: 'Stale' }]);
  await controller.stop();
});

it('has an APIService for each group-version of its own', async () => {
  const client = createLocalClient(api.registry, { name: 'system:bramble', groups: ['system:masters'] });
  const local = new LocalApiServices({ client, catalog: api.registry.catalog, logger: silentLogger });
  await local.start();
  const found = new Map((await client.resource(apiServices).list()).items.map((service) => [service.metadata?.name, service]));
  expect(found.get('v1.')).toMatchObject({ metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } }, spec: { version: 'v1', groupPriorityMinimum: 18000, versionPriority: 1 }, status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } });
  expect([...found.keys()]).toEqual(expect.arrayContaining(['v1.apps', 'v2.autoscaling', 'v1.wardle.example.com']));
  await client.resource(customResourceDefinitions).create({
    metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions: [{ name: 'v3', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] },
  });
  await eventually(async () => expect((await client.resource(apiServices).get('v3.example.com')).spec).toMatchObject({ groupPriorityMinimum: 1000, versionPriority: 100 }));
  await client.resource(customResourceDefinitions).delete('widgets.example.com', undefined);
  await eventually(async () => expect((await client.resource(apiServices).list()).items.map(({ metadata }) => metadata?.name)).not.toContain('v3.example.com'));
  await local.stop();
});
