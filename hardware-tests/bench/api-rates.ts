/** Creates, gets, lists and watches of ConfigMaps; etcd's own fsynced puts of the same bytes as the peer. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../machinery/testing/eventually.ts';
import { freePort, type Cluster } from '../framework/cluster.ts';
import { ApiClient } from './api-client.ts';
import { median, percentile, type Figure } from './figure.ts';
import { pss } from './processes.ts';

const creates = 2_000;
const rounds = 3;
const connections = 8;
/** A quarter of what kube-apiserver 1.20 and etcd together take for the like. */
const memoryBudget = 98.5;
/** Garbage goes when nothing happens. */
const settleMs = 10_000;
const data = { text: 'x'.repeat(300) };

export async function measureApi(cluster: Cluster): Promise<Figure[]> {
  const client = new ApiClient(cluster.kubeconfig, connections);
  for (const name of ['bench-create', 'bench-list']) await client.call('POST', '/api/v1/namespaces', { metadata: { name } });
  const etcd = await Etcd.start();
  try {
    const writes = await measureWrites(client, etcd);
    await rate(501, connections, (index) => client.call('POST', '/api/v1/namespaces/bench-list/configmaps', { metadata: { name: `c-${index}` }, data }));
    const get = await latencies(1_000, () => client.call('GET', '/api/v1/namespaces/bench-list/configmaps/c-7'));
    const list = await latencies(100, () => client.call('GET', '/api/v1/namespaces/bench-list/configmaps?limit=501'));
    const watch = await watchRate(client);
    const server = cluster.pid('server');
    const busy = pss(server);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    return [
      ...writes,
      { what: 'GET of a ConfigMap, median', value: median(get), unit: 'ms', budget: { bound: 'at most', value: 0.5 } },
      { what: 'GET of a ConfigMap, p99', value: percentile(get, 0.99), unit: 'ms' },
      { what: 'LIST of 501 ConfigMaps, median', value: median(list), unit: 'ms', budget: { bound: 'at most', value: 2 } },
      { what: 'watch events delivered, 4 watchers', value: watch, unit: '/s' },
      { what: `memory of server, right after ${(rounds + 1) * creates * 1.25} creates`, value: busy, unit: 'MB', budget: { bound: 'at most', value: memoryBudget }, ...(etcd ? { peer: { name: 'etcd', value: pss(etcd.pid) } } : {}) },
      { what: `the same, ${settleMs / 1000} s later`, value: pss(server), unit: 'MB', budget: { bound: 'at most', value: memoryBudget } },
    ];
  } finally {
    await etcd?.stop();
    for (const name of ['bench-create', 'bench-list']) await client.call('DELETE', `/api/v1/namespaces/${name}`);
    client.close();
  }
}

/** In turn with etcd, so that a noisy machine is noisy for both; medians. The first round warms both up and does not count. */
async function measureWrites(client: ApiClient, etcd: Etcd | undefined): Promise<Figure[]> {
  const one: Measured = { ours: [], peers: [] };
  const eight: Measured = { ours: [], peers: [] };
  for (let round = 0; round <= rounds; round++) {
    const counts = round > 0;
    for (const [measured, width, count] of [[one, 1, creates / 4], [eight, connections, creates]] as const) {
      const own = await rate(count, width, (index) => client.call('POST', '/api/v1/namespaces/bench-create/configmaps', { metadata: { name: `c-${round}-${width}-${index}` }, data }));
      const theirs = etcd && await rate(count, width, (index) => etcd.put(`c-${round}-${width}-${index}`));
      if (counts) measured.ours.push(own);
      if (counts && theirs !== undefined) measured.peers.push(theirs);
    }
  }
  const peer = ({ peers }: Measured) => (peers.length > 0 ? { peer: { name: 'etcd put', value: median(peers) } } : {});
  return [
    { what: 'ConfigMap creates, one after the other', value: median(one.ours), unit: '/s', ...peer(one) },
    { what: 'ConfigMap creates over 8 connections', value: median(eight.ours), unit: '/s', budget: { bound: 'at least', value: 2_500 }, ...peer(eight) },
  ];
}

interface Measured {
  ours: number[];
  peers: number[];
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

/** etcd over its JSON gateway, which is HTTP as the API server is, but without TLS. */
class Etcd {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: connections });
  private readonly process: ChildProcess;
  private readonly directory: string;
  private readonly port: number;

  private constructor(process: ChildProcess, directory: string, port: number) {
    this.process = process;
    this.directory = directory;
    this.port = port;
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Undefined where the machine has no etcd. */
  static async start(): Promise<Etcd | undefined> {
    const directory = mkdtempSync(join(tmpdir(), 'bramble-etcd-'));
    const [clientPort, peerPort] = [await freePort(), await freePort()];
    const child = spawn('etcd', ['--data-dir', directory, '--listen-client-urls', `http://127.0.0.1:${clientPort}`, '--advertise-client-urls', `http://127.0.0.1:${clientPort}`, '--listen-peer-urls', `http://127.0.0.1:${peerPort}`, '--log-level', 'error'], { stdio: 'ignore' });
    const missing = await new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(true));
      child.once('spawn', () => resolve(false));
    });
    if (missing) {
      rmSync(directory, { recursive: true });
      return undefined;
    }
    const etcd = new Etcd(child, directory, clientPort);
    await eventually(() => etcd.put('first').then(() => true), { timeoutMs: 20_000 });
    return etcd;
  }

  put(name: string): Promise<void> {
    const encode = (text: string): string => Buffer.from(text).toString('base64');
    const body = JSON.stringify({ key: encode(`/registry/configmaps/bench/${name}`), value: encode(JSON.stringify({ metadata: { name }, data })) });
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request({ agent: this.agent, host: '127.0.0.1', port: this.port, method: 'POST', path: '/v3/kv/put', headers }, (response) => {
        response.resume();
        response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`etcd answered ${response.statusCode}`))));
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.exitCode === null && this.process.kill('SIGTERM')) await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
