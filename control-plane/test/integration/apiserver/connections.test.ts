import { readFile } from 'node:fs/promises';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { KubeConfig, CoreV1Api, makeInformer, V1ConfigMap } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMaps } from '../../../../api/resources.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { issueCertificate } from '../../../pki/certificates.ts';
import { ensurePki } from '../../../pki/ensure-pki.ts';
import { systemClock } from '../../../../machinery/clock.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let server: StartedApiServer;
const context = { user: { name: 'test', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };

beforeEach(async () => {
  server = await startApiServer();
});
afterEach(() => server.stop());

interface Answer {
  code: number;
  body: string;
}

function send(path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(`${server.url}${path}`, { ca: server.pki.ca, agent: false, ...options }, (response) => {
      let body = '';
      response.on('data', (data: Buffer) => { body += data.toString(); });
      response.on('end', () => resolve({ code: response.statusCode ?? 0, body }));
    });
    request.on('error', reject);
    request.end();
  });
}

const admin = () => ({ cert: server.pki.admin.certificate, key: server.pki.admin.key });

describe('TLS', () => {
  it('serves the addresses in its certificate to clients that trust the authority', async () => {
    expect((await send('/version')).code).toBe(200);
    await expect(send('/version', { ca: [] })).rejects.toThrow(/unable to (verify|get)|self.signed/);
  });

  it('tells users by their certificate', async () => {
    const stranger = await send('/api/v1/nodes');
    expect(stranger.code).toBe(403);
    expect(stranger.body).toContain('User \\"system:anonymous\\" cannot list resource \\"nodes\\"');
    expect((await send('/api/v1/nodes', admin())).code).toBe(200);
    const jane = await server.pki.issueClient('jane', ['dev']);
    const refused = await send('/api/v1/nodes', { cert: jane.certificate, key: jane.key });
    expect(refused.code).toBe(403);
    expect(refused.body).toContain('User \\"jane\\" cannot list resource \\"nodes\\"');
  });

  it('takes no certificate of another authority, none that has expired, and no token', async () => {
    const other = await ensurePki({ directory: `${server.directory}/other`, names: [], addresses: [], clock: systemClock });
    expect((await send('/version', { cert: other.admin.certificate, key: other.admin.key })).code).toBe(401);
    const authority = { certificate: server.pki.ca, key: await readFile(`${server.directory}/pki/ca.key`, 'utf8') };
    const expired = await issueCertificate(authority, {
      commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['clientAuth'], alternativeNames: [],
      notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01'),
    });
    expect((await send('/api', { cert: expired.certificate, key: expired.key })).code).toBe(401);
    expect((await send('/version', { headers: { authorization: 'Bearer x' } })).code).toBe(401);
  });
});

describe('limits', () => {
  it('refuses headers without end', async () => {
    // A client that is still writing may lose the answer with the connection.
    const outcome = await send('/version', { headers: { 'x-long': 'x'.repeat(70_000) } }).then((answer) => answer.code, () => 'cut off');
    expect([431, 'cut off']).toContain(outcome);
    expect((await send(`/api/v1/nodes?labelSelector=${'a'.repeat(20_000)}`, admin())).code).toBe(400);
  });

  it('cuts off a watch whose client takes nothing, and goes on serving the others', async () => {
    await server.stop();
    server = await startApiServer({ clock: { ...systemClock, after: (milliseconds, callback) => systemClock.after(milliseconds / 20, callback) } });
    const registry = server.registry.of(configMaps);
    const socket = await openRaw();
    socket.write('GET /api/v1/namespaces/default/configmaps?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const name = 'big';
    const data = { k: 'x'.repeat(200_000) };
    await registry.create(context, 'default', { metadata: { name }, data });
    // More than the kernel's buffers take; after that nothing moves.
    for (let index = 0; index < 60; index++) {
      await registry.update(context, { name, namespace: 'default', change: (current) => ({ ...current, data: { ...data, index: String(index) } }) });
    }
    expect((await send('/api/v1/namespaces/default/configmaps/big', admin())).code).toBe(200);
    await eventually(() => server.longRunning() === 0);
    socket.resume();
    socket.on('error', () => socket.destroy());
    await closed;
  });

  it('ends watches and closes quickly', async () => {
    const watch = send('/api/v1/namespaces/default/configmaps?watch=true', admin());
    await eventually(() => server.longRunning() === 1);
    const begun = performance.now();
    await server.stop();
    expect((await watch).code).toBe(200);
    expect(performance.now() - begun).toBeLessThan(3000);
    server = await startApiServer();
  });
});

function openRaw(): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: server.port, ca: server.pki.ca, ...admin(), servername: 'localhost' }, () => resolve(socket));
    socket.once('error', reject);
  });
}

function configMap(value: string): V1ConfigMap {
  return Object.assign(new V1ConfigMap(), { metadata: { name: 'a' }, data: { k: value } });
}

describe('@kubernetes/client-node', () => {
  it('lists, creates and follows with an informer', async () => {
    const config = new KubeConfig();
    config.loadFromFile(server.kubeconfig);
    const api = config.makeApiClient(CoreV1Api);
    await api.createNamespacedConfigMap({ namespace: 'default', body: configMap('v') });
    expect((await api.listNamespacedConfigMap({ namespace: 'default' })).items.map((item) => item.data)).toEqual([{ k: 'v' }]);
    const seen: string[] = [];
    const informer = makeInformer<V1ConfigMap>(config, '/api/v1/namespaces/default/configmaps', () => api.listNamespacedConfigMap({ namespace: 'default' }));
    for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, (object) => { seen.push(`${verb} ${object.metadata?.name ?? ''} ${object.data?.['k'] ?? ''}`); });
    await informer.start();
    try {
      await eventually(() => seen.includes('add a v'));
      await eventually(() => server.longRunning() === 1);
      await api.replaceNamespacedConfigMap({ name: 'a', namespace: 'default', body: configMap('w') });
      await eventually(() => seen.includes('update a w'));
      await api.deleteNamespacedConfigMap({ name: 'a', namespace: 'default' });
      await eventually(() => seen.includes('delete a w'));
    } finally {
      await informer.stop();
    }
    await expect(api.readNamespacedConfigMap({ name: 'a', namespace: 'default' })).rejects.toMatchObject({ code: 404 });
  });
});
