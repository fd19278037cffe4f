/** Creates, gets, lists and watches of ConfigMaps; etcd's own fsynced puts of the same bytes as the peer. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../machinery/testing/eventually.ts';
import { freePort, type Cluster } from '../framework/cluster.ts';
import { ApiClient } from './api-client.ts';
import { median, percentile, type Figure } from './figure.ts';

const creates = 2_000;
const connections = 8;
const data = { text: 'x'.repeat(300) };

export async function measureApi(cluster: Cluster): Promise<Figure[]> {
  const client = new ApiClient(cluster.kubeconfig, connections);
  const namespace = (name: string) => client.call('POST', '/api/v1/namespaces', { metadata: { name } });
  await Promise.all([namespace('bench-one'), namespace('bench-eight'), namespace('bench-list')]);
  const create = (name: string) => (index: number) => client.call('POST', `/api/v1/namespaces/${name}/configmaps`, { metadata: { name: `c-${index}` }, data });

  const sequential = await rate(creates / 4, 1, create('bench-one'));
  const parallel = await rate(creates, connections, create('bench-eight'));
  await rate(500, connections, create('bench-list'));
  const get = await latencies(1_000, () => client.call('GET', '/api/v1/namespaces/bench-eight/configmaps/c-7'));
  const list = await latencies(100, () => client.call('GET', '/api/v1/namespaces/bench-list/configmaps'));
  const watch = await watchRate(client);
  const etcd = await measureEtcd();
  for (const name of ['bench-one', 'bench-eight', 'bench-list']) await client.call('DELETE', `/api/v1/namespaces/${name}`);
  client.close();
  return [
    { what: 'ConfigMap creates, one after the other', value: sequential, unit: '/s', ...(etcd ? { peer: { name: 'etcd put', value: etcd.sequential } } : {}) },
    { what: 'ConfigMap creates over 8 connections', value: parallel, unit: '/s', budget: { bound: 'at least', value: 2_500 }, ...(etcd ? { peer: { name: 'etcd put', value: etcd.parallel } } : {}) },
    { what: 'GET of a ConfigMap, median', value: median(get), unit: 'ms', budget: { bound: 'at most', value: 0.5 } },
    { what: 'GET of a ConfigMap, p99', value: percentile(get, 0.99), unit: 'ms' },
    { what: 'LIST of 501 ConfigMaps, median', value: median(list), unit: 'ms', budget: { bound: 'at most', value: 2 } },
    { what: 'watch events delivered, 8 watchers', value: watch, unit: '/s' },
  ];
}

/** Runs `count` calls, `width` at a time. @returns calls per second. */
async function rate(count: number, width: number, call: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < count) await call(next++);
  }));
  return count / ((performance.now() - started) / 1000);
}

async function latencies(count: number, call: () => Promise<unknown>): Promise<number[]> {
  for (let warmUp = 0; warmUp < count / 5; warmUp++) await call();
  const found: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await call();
    found.push(performance.now() - started);
  }
  return found;
}

async function watchRate(client: ApiClient): Promise<number> {
  const watchers = new ApiClientWatchers();
  const path = '/api/v1/namespaces/bench-list/configmaps';
  const { metadata } = JSON.parse((await client.call('GET', `${path}?limit=1`)).toString()) as { metadata: { resourceVersion: string } };
  // Each watch keeps one of the connections: half of them, so that the writes have the rest.
  const stops = await Promise.all(Array.from({ length: connections / 2 }, () => client.watch(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}`, () => watchers.count())));
  const started = performance.now();
  const changes = 500;
  await rate(changes, connections / 2, (index) => client.call('POST', path, { metadata: { name: `w-${index}` }, data }));
  await eventually(() => watchers.seen >= changes * stops.length, { timeoutMs: 30_000, everyMs: 2 });
  const seconds = (performance.now() - started) / 1000;
  for (const stop of stops) stop();
  return (changes * stops.length) / seconds;
}

class ApiClientWatchers {
  seen = 0;
  count(): void {
    this.seen += 1;
  }
}

/** etcd over its JSON gateway, which is HTTP as the API server is. Undefined where the machine has no etcd. */
async function measureEtcd(): Promise<{ sequential: number; parallel: number } | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'bramble-etcd-'));
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const child = spawn('etcd', ['--data-dir', directory, '--listen-client-urls', `http://127.0.0.1:${clientPort}`, '--advertise-client-urls', `http://127.0.0.1:${clientPort}`, '--listen-peer-urls', `http://127.0.0.1:${peerPort}`, '--log-level', 'error'], { stdio: 'ignore' });
  const missing = new Promise<boolean>((resolve) => { child.once('error', () => resolve(true)); child.once('spawn', () => resolve(false)); });
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const put = (index: number): Promise<void> => new Promise((resolve, reject) => {
    const body = JSON.stringify({ key: Buffer.from(`/c-${index}`).toString('base64'), value: Buffer.from(JSON.stringify({ metadata: { name: `c-${index}` }, data })).toString('base64') });
    const call = request({ agent, host: '127.0.0.1', port: clientPort, method: 'POST', path: '/v3/kv/put', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`etcd answered ${response.statusCode}`))));
    });
    call.on('error', reject);
    call.end(body);
  });
  try {
    if (await missing) return undefined;
    await eventually(() => put(0).then(() => true), { timeoutMs: 20_000 });
    return { sequential: await rate(creates / 4, 1, put), parallel: await rate(creates, connections, put) };
  } finally {
    agent.destroy();
    child.kill('SIGTERM');
    await new Promise((resolve) => (child.exitCode === null && child.signalCode === null && child.pid !== undefined ? child.once('exit', resolve) : resolve(undefined)));
    rmSync(directory, { recursive: true, force: true });
  }
}
