/** The API server with much to hold: lists of 10,000 pods in each form, and changes that a thousand watchers follow. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from '../../machinery/testing/eventually.ts';
import type { Cluster } from '../framework/cluster.ts';
import { ApiClient } from './api-client.ts';
import { hottest, profileWhile } from './cpu-profile.ts';
import { median, percentile, type Figure } from './figure.ts';
import { cpuTicks, pss } from './processes.ts';

const podCount = 10_000;
const podsPath = '/api/v1/namespaces/bench-scale/pods';
const mapsPath = '/api/v1/namespaces/bench-scale/configmaps';
const watcherCount = 1_000;
const changesPerSecond = 100;
const changeSeconds = 10;
/** Watchers that read the events and take the time; the others count them. */
const timedWatchers = 20;

const forms: Readonly<Record<string, string>> = {
  JSON: 'application/json',
  protobuf: 'application/vnd.kubernetes.protobuf',
  Table: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  metadata: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
};

/** @param resultsDirectory where the CPU profile goes. */
export async function measureApiScale(cluster: Cluster, resultsDirectory: string): Promise<Figure[]> {
  const client = new ApiClient(cluster.kubeconfig, 8);
  const server = cluster.pid('server');
  await client.call('POST', '/api/v1/namespaces', { metadata: { name: 'bench-scale' } });
  await eventually(() => client.call('GET', '/api/v1/namespaces/bench-scale/serviceaccounts/default').then(() => true, () => false), { timeoutMs: 10_000 });
  try {
    const figures: Figure[] = [];
    const { result, profile } = await profileWhile(server, async () => {
      const updates = await updateRate(client);
      const creates = await podCreates(client);
      return [...updates, ...creates, ...await lists(cluster, client), { what: `memory of server, ${podCount} pods listed`, value: pss(server), unit: 'MB' }];
    });
    figures.push(...result);
    const file = join(resultsDirectory, `${new Date().toISOString().replace(/[:.]/g, '-')}-api.cpuprofile`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(profile));
    process.stdout.write(`CPU profile of the API server: ${file}; the most time in\n`);
    for (const { name, percent } of hottest(profile, 12)) process.stdout.write(`  ${percent.toFixed(1).padStart(5)} %  ${name}\n`);
    figures.push(...await fanOut(cluster, client));
    return figures;
  } finally {
    await client.call('DELETE', podsPath);
    await client.call('DELETE', '/api/v1/namespaces/bench-scale');
    client.close();
  }
}

async function updateRate(client: ApiClient): Promise<Figure[]> {
  for (let index = 0; index < 8; index++) await client.call('POST', mapsPath, { metadata: { name: `u-${index}` }, data: { text: 'x'.repeat(300) } });
  const count = 4_000;
  let next = 0;
  const times: number[] = [];
  const started = performance.now();
  await Promise.all(Array.from({ length: 8 }, async (_, worker) => {
    while (next < count) {
      next += 1;
      const began = performance.now();
      await client.call('PUT', `${mapsPath}/u-${worker}`, { metadata: { name: `u-${worker}` }, data: { text: `${next}`.padEnd(300, 'x') } });
      times.push(performance.now() - began);
    }
  }));
  const rate = count / ((performance.now() - started) / 1000);
  return [{ what: 'ConfigMap updates over 8 connections', value: rate, unit: '/s' }, { what: 'update, p99', value: percentile(times, 0.99), unit: 'ms' }];
}

async function podCreates(client: ApiClient): Promise<Figure[]> {
  let next = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (next < podCount) {
      next += 1;
      // Of a scheduler that is not there, so that they stay what they are.
      await client.call('POST', podsPath, {
        metadata: { name: `pod-${String(next).padStart(5, '0')}`, labels: { app: 'scale', shard: String(next % 10) } },
        spec: { schedulerName: 'nobody', automountServiceAccountToken: false, containers: [{ name: 'main', image: 'example/main:1', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'B' }], resources: { requests: { cpu: '10m', memory: '16Mi' } } }] },
      });
    }
  }));
  return [{ what: 'Pod creates over 8 connections', value: podCount / ((performance.now() - started) / 1000), unit: '/s' }];
}

async function lists(cluster: Cluster, client: ApiClient): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [form, accept] of Object.entries(forms)) {
    const times: number[] = [];
    const list = () => client.call('GET', podsPath, undefined, { accept });
    const bytes = (await list()).length;
    for (let turn = 0; turn < 5; turn++) {
      const started = performance.now();
      await list();
      times.push(performance.now() - started);
    }
    figures.push(
      { what: `LIST of ${podCount} pods as ${form} (${(bytes / 1e6).toFixed(1)} MB), median`, value: median(times), unit: 'ms' },
      { what: 'GET of a pod beside such LISTs, p99', value: percentile(await getsBeside(cluster, async () => { for (let turn = 0; turn < 5; turn++) await list(); }), 0.99), unit: 'ms', budget: { bound: 'at most', value: 20 } },
    );
  }
  return figures;
}

/** Milliseconds of each GET that somebody else makes meanwhile. */
async function getsBeside(cluster: Cluster, work: () => Promise<void>): Promise<number[]> {
  const other = new ApiClient(cluster.kubeconfig, 1);
  const get = () => other.call('GET', `${podsPath}/pod-00007`);
  const found: number[] = [];
  try {
    await get();
    const state = { done: false };
    const working = work().finally(() => { state.done = true; });
    while (!state.done) {
      const started = performance.now();
      await get();
      found.push(performance.now() - started);
    }
    await working;
    return found;
  } finally {
    other.close();
  }
}

async function fanOut(cluster: Cluster, client: ApiClient): Promise<Figure[]> {
  const watchers = new ApiClient(cluster.kubeconfig, watcherCount);
  const server = cluster.pid('server');
  const { metadata } = JSON.parse((await client.call('GET', `${mapsPath}?limit=1`)).toString()) as { metadata: { resourceVersion: string } };
  const path = `${mapsPath}?watch=true&resourceVersion=${metadata.resourceVersion}`;
  let delivered = 0;
  const delays: number[] = [];
  const stops: (() => void)[] = [];
  try {
    for (let opened = 0; opened < watcherCount; opened += 50) {
      stops.push(...await Promise.all(Array.from({ length: 50 }, (_, index) => (opened + index < timedWatchers
        ? watchers.watch(path, ({ object }) => {
          delivered += 1;
          delays.push(performance.now() - Number((object as { data: { sent: string } }).data.sent));
        })
        : watchers.watchLines(path, (count) => { delivered += count; })))));
    }
    const idle = pss(server);
    const ticks = cpuTicks(server);
    const changes = changesPerSecond * changeSeconds;
    const started = performance.now();
    for (let change = 0; change < changes; change++) {
      const due = started + (change * 1_000) / changesPerSecond;
      if (due > performance.now()) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
      await client.call('PUT', `${mapsPath}/u-${change % 8}`, { metadata: { name: `u-${change % 8}` }, data: { sent: String(performance.now()) } });
    }
    await eventually(() => delivered >= changes * watcherCount, { timeoutMs: 120_000, everyMs: 20 });
    const seconds = (performance.now() - started) / 1000;
    return [
      { what: `changes made under ${watcherCount} watchers (wanted ${changesPerSecond}/s)`, value: changes / seconds, unit: '/s' },
      { what: `watch events delivered to ${watcherCount} watchers`, value: delivered / seconds, unit: '/s' },
      // A tick is 10 ms. The client, on the same machine, needs more than the server.
      { what: 'CPU time of the server per watch event', value: ((cpuTicks(server) - ticks) * 10_000) / delivered, unit: 'µs' },
      { what: 'change → watch event, median', value: median(delays), unit: 'ms' },
      { what: 'change → watch event, p99', value: percentile(delays, 0.99), unit: 'ms' },
      { what: `memory of server, ${watcherCount} watchers`, value: idle, unit: 'MB' },
      { what: 'memory of server, after the changes', value: pss(server), unit: 'MB' },
    ];
  } finally {
    for (const stop of stops) stop();
    watchers.close();
  }
}
