import { createServer, request, type Server } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { APIService } from '../../../../api/apiregistration.ts';
import { apiServices, endpointSlices, services } from '../../../../api/resources.ts';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { createAdmissionStore } from '../../../admission/admission-store.ts';
import { AggregatedServices } from '../../../aggregation/aggregated-services.ts';
import { AvailabilityController } from '../../../aggregation/availability-controller.ts';
import { createAuthority, issueCertificate } from '../../../pki/certificates.ts';
import { createLocalClient } from '../../../registry/local-client.ts';
import { createMemoryStore } from '../../../storage/memory-store.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let extension: Server;
let api: StartedApiServer;
let controller: AvailabilityController;
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
        outgoing.end(JSON.stringify({ kind: 'APIResourceList', resources: [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list'] }] }));
        return;
      }
      outgoing.statusCode = 201;
      const { subject } = (incoming.socket as unknown as TLSSocket).getPeerCertificate();
      outgoing.end(JSON.stringify({ url: incoming.url, method: incoming.method, body, proxy: subject.CN, user: incoming.headers['x-remote-user'], groups: incoming.headers['x-remote-group'], authorization: incoming.headers.authorization }));
    });
  });
  await new Promise<void>((resolve) => { extension.listen(0, '127.0.0.1', resolve); });
  const { port } = extension.address() as AddressInfo;
  const access = { dial: () => Promise.resolve(connect(port, '127.0.0.1')), frontProxy };
  api = await startApiServer({ storage: aggregatedStore, aggregation: { ...access, services: aggregated } });
  const client = createLocalClient(api.registry, { name: 'system:bramble', groups: ['system:masters'] });
  controller = new AvailabilityController({ ...access, aggregated, client, store: createAdmissionStore(aggregatedStore), clock: systemClock, logger: silentLogger });
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

function ask(path: string, method = 'GET', body?: string): Promise<{ code: number; value: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const call = request(`${api.url}${path}`, {
      method, ca: api.pki.ca, cert: api.pki.admin.certificate, key: api.pki.admin.key, headers: { 'content-type': 'application/json', 'X-Remote-User': 'forged' },
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
  await client.resource(services).create({ metadata: { name: 'wardle', namespace: 'default' }, spec: { ports: [{ port: 443 }] } });
  await client.resource(endpointSlices).create({ metadata: { name: 'wardle-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'wardle' } }, addressType: 'IPv4', ports: [{ port: 443 }], endpoints: [{ addresses: ['198.18.0.9'] }] });
  await controller.checkAll();
  expect(await condition()).toMatchObject({ status: 'True', reason: 'Passed', message: 'all checks passed' });
  const { code, value } = await ask('/apis/wardle.example.com/v1/namespaces/default/flunders?a=b', 'POST', '{"kind":"Flunder"}');
  expect([code, value]).toEqual([201, {
    url: '/apis/wardle.example.com/v1/namespaces/default/flunders?a=b', method: 'POST', body: '{"kind":"Flunder"}', proxy: 'front-proxy-client',
    user: 'kubernetes-admin', groups: 'system:masters, system:authenticated',
  }]);
  expect((await ask('/apis/wardle.example.com')).value).toMatchObject({ kind: 'APIGroup', name: 'wardle.example.com', versions: [{ version: 'v1' }] });
  expect((await ask('/apis/wardle.example.com/v1')).value).toMatchObject({ resources: [{ name: 'flunders' }] });
});
