/** What clients see of discovery, OpenAPI and the forms of answers, with every kubectl of this machine and other clients. */
import { CoreV1Api, KubeConfig, ListWatch, Watch, type V1ConfigMap } from '@kubernetes/client-node';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMaps } from '../../../../api/resources.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { decodeProtobuf } from '../../../apiserver/protobuf/decode-protobuf.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { kubectlPath } from './kubectl.ts';

const run = promisify(execFile);
const context = { user: { name: 'test', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };
/** The one under test, and others where the machine has them beside it. */
const kubectls = [kubectlPath, ...['1.27', '1.28', '1.30', '1.33'].map((version) => `/usr/lib/google-cloud-sdk/bin/kubectl.${version}`).filter((path) => existsSync(path))];

let server: StartedApiServer;
let tls: { ca: string; cert: string; key: string };

beforeAll(async () => {
  server = await startApiServer();
  const { ca, admin } = server.pki;
  tls = { ca, cert: admin.certificate, key: admin.key };
  await server.registry.of(configMaps).create(context, 'default', { metadata: { name: 'a' }, data: { k: 'v' } });
});
afterAll(() => server.stop());

function get(path: string, headers: Record<string, string> = {}): Promise<{ code: number; headers: Record<string, unknown>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    request(`${server.url}${path}`, { ...tls, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve({ code: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }));
    }).on('error', reject).end();
  });
}

describe.each(kubectls)('%s', (path) => {
  const kubectl = async (...args: string[]) => (await run(path, args, { env: { PATH: process.env['PATH'], HOME: `${server.directory}/${path.split('.').at(-1)}`, KUBECONFIG: server.kubeconfig } })).stdout;

  it('explains fields, with types and descriptions', async () => {
    const one = await kubectl('explain', 'pods.spec.containers.image');
    expect(one).toContain('Container image name.');
    expect(one).toMatch(/<string>/);
    expect(await kubectl('explain', 'pods.spec.restartPolicy')).toMatch(/Possible enum values:\s+- `"Always"`\s+- `"Never"`\s+- `"OnFailure"`/);
    const kind = await kubectl('explain', 'deployments');
    expect(kind).toContain('Deployment enables declarative updates for Pods and ReplicaSets.');
    expect(kind).toMatch(/spec\s+<(DeploymentSpec|Object)>/);
    const tree = await kubectl('explain', 'pods.spec', '--recursive');
    expect(tree).toMatch(/containers\s+<\[\](Container|Object)>/);
    expect(tree).toMatch(/readinessProbe\s+<(Probe|Object)>/);
  });

  it('lists what there is, and prints objects in all ways', async () => {
    const resources = await kubectl('api-resources');
    expect(resources).toMatch(/horizontalpodautoscalers\s+hpa\s+autoscaling\/v2\s+true\s+HorizontalPodAutoscaler/);
    expect(resources).toMatch(/bindings\s+v1\s+true\s+Binding/);
    expect((await kubectl('api-versions')).split('\n')).toEqual(expect.arrayContaining(['autoscaling/v1', 'autoscaling/v2', 'v1']));
    expect(await kubectl('get', 'configmaps', 'a', '-o', 'wide')).toMatch(/^NAME +DATA +AGE\na +1 +/);
    const list = JSON.parse(await kubectl('get', 'configmaps', '-o', 'json')) as { items: { kind: string; metadata: { name: string } }[] };
    expect(list.items[0]).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } });
    expect(await kubectl('get', 'configmaps', 'a', '-o', 'yaml')).toContain('kind: ConfigMap');
    expect(await kubectl('get', '--raw', '/apis/apps/v1')).toContain('"APIResourceList"');
  });
});

it('the newest kubectl lists the values of a field', async () => {
  const { stdout } = await run(kubectls.at(-1)!, ['explain', 'services.spec.type'], { env: { PATH: process.env['PATH'], HOME: server.directory, KUBECONFIG: server.kubeconfig } });
  expect(stdout).toMatch(/FIELD: type <string>\nENUM:\n {4}ClusterIP\n {4}ExternalName\n {4}LoadBalancer\n {4}NodePort\n/);
});

it('kubectl explains by OpenAPI 2 as well', async () => {
  const path = kubectls.at(-1)!;
  const { stdout } = await run(path, ['explain', 'pods.spec.containers', '--output', 'plaintext-openapiv2'], { env: { PATH: process.env['PATH'], HOME: server.directory, KUBECONFIG: server.kubeconfig } });
  expect(stdout).toContain('List of containers belonging to the pod.');
});

describe('OpenAPI 3', () => {
  it('names documents by their hash, for ever', async () => {
    const { paths } = JSON.parse((await get('/openapi/v3')).body.toString()) as { paths: Record<string, { serverRelativeURL: string }> };
    const url = paths['apis/apps/v1']!.serverRelativeURL;
    const document = await get(url, { accept: 'application/json' });
    expect(document).toMatchObject({ code: 200, headers: { 'cache-control': 'public, immutable' } });
    expect((await get(url, { 'if-none-match': String(document.headers['etag']) })).code).toBe(304);
    expect(await get('/openapi/v3/apis/apps/v1?hash=OLD')).toMatchObject({ code: 301, headers: { location: url } });
    const protobuf = await get(url, { accept: 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf' });
    expect(protobuf.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v3.v1.0+protobuf');
    expect(protobuf.body.subarray(0, 7)).toEqual(Buffer.from('\n\x053.0.0'));
  });
});

describe('a WebSocket', () => {
  const watch = `/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Dws`;
  async function events(path: string, protocols: string[], headers: Record<string, string> = {}): Promise<{ messages: { data: Buffer; binary: boolean }[]; socket: WebSocket }> {
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}${path}`, protocols, { ...tls, headers });
    const messages: { data: Buffer; binary: boolean }[] = [];
    socket.on('message', (data: Buffer, binary) => messages.push({ data, binary }));
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    return { messages, socket };
  }

  it('tells changes as text or as bytes, whatever is offered, and never a token', async () => {
    const text = await events(watch, []);
    const dashboard = await events(watch, [`base64url.bearer.authorization.k8s.io.${Buffer.from('a-token').toString('base64url')}`, 'base64.binary.k8s.io']);
    expect(dashboard.socket.protocol).toBe('base64.binary.k8s.io');
    const protobuf = await events(watch, [], { accept: 'application/vnd.kubernetes.protobuf;stream=watch' });
    await server.registry.of(configMaps).create(context, 'default', { metadata: { name: 'ws' }, data: { k: 'w' } });
    await eventually(() => expect([text, dashboard, protobuf].map(({ messages }) => messages.length)).toEqual([1, 1, 1]));
    expect(text.messages[0]!.binary).toBe(false);
    const event = JSON.parse(text.messages[0]!.data.toString()) as { type: string };
    expect(event).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', data: { k: 'w' } } });
    expect([dashboard.messages[0]!.binary, JSON.parse(dashboard.messages[0]!.data.toString())]).toEqual([false, event]);
    const { data, binary } = protobuf.messages[0]!;
    expect(binary).toBe(true);
    expect(decodeProtobuf(data.subarray(data.indexOf('k8s\0')), 'k8s.io.api.core.v1.ConfigMap')).toMatchObject({ kind: 'ConfigMap', data: { k: 'w' } });
    for (const { socket } of [text, dashboard, protobuf]) socket.terminate();
    await eventually(() => expect(server.longRunning()).toBe(0));
  });

  it('is refused with a reason before it opens', async () => {
    const refusal = new Promise((resolve) => {
      const socket = new WebSocket(`${server.url.replace('https', 'wss')}/api/v1/bananas?watch=true`, [], tls);
      socket.on('unexpected-response', (_request, response) => { resolve(response.statusCode); socket.terminate(); });
      socket.on('error', () => {});
    });
    expect(await refusal).toBe(404);
  });

  it('ends in its time', async () => {
    const { socket } = await events(`${watch}&timeoutSeconds=1`, []);
    expect(await new Promise((resolve) => socket.on('close', resolve))).toBe(1000);
  });
});

it('a list of thousands is sent while others are served', async () => {
  const names = Array.from({ length: 3_000 }, (_, index) => `many-${index}`);
  const store = server.registry.of(configMaps);
  await Promise.all(names.map((name) => store.create(context, 'kube-public', { metadata: { name }, data: { text: 'x'.repeat(2_000) } })));
  const path = '/api/v1/namespaces/kube-public/configmaps';
  const lists = { ended: false };
  let served = 0;
  const others = (async () => {
    for (; !lists.ended; served++) expect((await get('/api/v1/namespaces/default/configmaps/a')).code).toBe(200);
  })();
  const [json, packed, protobuf] = [await get(path), await get(path, { 'accept-encoding': 'gzip' }), await get(path, { accept: 'application/vnd.kubernetes.protobuf' })];
  lists.ended = true;
  await others;
  // Each of the three lists is some hundred pieces, and others have their turn between any two.
  expect(served).toBeGreaterThan(10);
  const list = JSON.parse(json.body.toString()) as { kind: string; items: { metadata: { name: string } }[] };
  expect(list).toMatchObject({ kind: 'ConfigMapList', metadata: { resourceVersion: expect.any(String) } });
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(names));
  expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'application/json' });
  expect(gunzipSync(packed.body).equals(json.body)).toBe(true);
  expect(decodeProtobuf(protobuf.body, 'k8s.io.api.core.v1.ConfigMapList')).toMatchObject({ kind: 'ConfigMapList', items: { length: list.items.length } });
});

it('client-node lists and follows, though items of lists do not name their kind', async () => {
  const config = new KubeConfig();
  config.loadFromString(await readFile(server.kubeconfig, 'utf8'));
  const api = config.makeApiClient(CoreV1Api);
  const seen: string[] = [];
  const list = () => api.listNamespacedConfigMap({ namespace: 'default' });
  const informer = new ListWatch<V1ConfigMap>('/api/v1/namespaces/default/configmaps', new Watch(config), list);
  informer.on('add', (object) => seen.push(`${object.metadata?.name}`));
  await informer.start();
  await server.registry.of(configMaps).create(context, 'default', { metadata: { name: 'later' } });
  await eventually(() => expect(seen).toEqual(expect.arrayContaining(['a', 'later'])));
  await informer.stop();
});
