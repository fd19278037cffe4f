/** A custom kind of the shape of a ConfigMap beside ConfigMaps themselves: what being custom costs. */
import { eventually } from '../../machinery/testing/eventually.ts';
import type { Cluster } from '../framework/cluster.ts';
import { ApiClient } from './api-client.ts';
import { median, type Figure } from './figure.ts';
import { withInspector } from './inspector.ts';

const rounds = 4;
const createsPerRound = 500;
const getsPerRound = 300;
const listsPerRound = 40;
const watchers = 50;
/** As many as the history of events has room for: beyond, older ones would go meanwhile. */
const objectsForMemory = 2_500;

interface Kind {
  apiVersion: string;
  kind: string;
  path: string;
}

const namespace = 'bench-custom';
const builtIn: Kind = { apiVersion: 'v1', kind: 'ConfigMap', path: `/api/v1/namespaces/${namespace}/configmaps` };
const custom: Kind = { apiVersion: 'bench.bramble.dev/v1', kind: 'Map', path: `/apis/bench.bramble.dev/v1/namespaces/${namespace}/maps` };
const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const definition = {
  metadata: { name: 'maps.bench.bramble.dev' },
  spec: {
    group: 'bench.bramble.dev', scope: 'Namespaced', names: { plural: 'maps', singular: 'map', kind: 'Map', listKind: 'MapList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { immutable: { type: 'boolean' }, data: { type: 'object', additionalProperties: { type: 'string' } } } } } }],
  },
};

export async function measureCustomResources(cluster: Cluster): Promise<Figure[]> {
  const client = new ApiClient(cluster.kubeconfig, 8);
  await client.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  await client.call('POST', definitionsPath, definition);
  try {
    await eventually(() => client.call('GET', custom.path).then(() => true, () => false), { timeoutMs: 10_000 });
    const creates = await inTurn(async (kind, round) => [await createRate(client, kind, { from: round * createsPerRound, count: createsPerRound })]);
    const gets = await inTurn((kind) => times(getsPerRound, () => client.call('GET', `${kind.path}/m-7`)));
    const lists = await inTurn((kind) => times(listsPerRound, () => client.call('GET', `${kind.path}?limit=500`)));
    const memory = await memoryPerObject(cluster, client);
    const watches = await inTurn(async (kind, round) => [await watchTime(cluster, client, kind, round)]);
    const figure = (what: string, unit: string, found: Measured): Figure => ({ what, unit, value: median(found.custom), peer: { name: 'ConfigMap', value: median(found.builtIn) } });
    return [
      figure('creates of a custom kind over 8 connections', '/s', creates),
      figure('GET of a custom object, median', 'ms', gets),
      figure('LIST of 500 custom objects, median', 'ms', lists),
      figure(`500 changes of custom objects seen by ${watchers} watchers`, 'ms', watches),
      figure('heap of the server per custom object', 'B', memory),
    ];
  } finally {
    await client.call('DELETE', `${definitionsPath}/${definition.metadata.name}`);
    await client.call('DELETE', `/api/v1/namespaces/${namespace}`);
    client.close();
  }
}

interface Measured {
  builtIn: number[];
  custom: number[];
}

/** Both kinds in turn, so that a noisy machine is noisy for both. The first round warms up and does not count. */
async function inTurn(measure: (kind: Kind, round: number) => Promise<number[]>): Promise<Measured> {
  const found: Measured = { builtIn: [], custom: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, kind] of [['builtIn', builtIn], ['custom', custom]] as const) {
      const values = await measure(kind, round);
      if (round > 0) found[name].push(...values);
    }
  }
  return found;
}

async function overConnections(count: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (next < count) await call(next++);
  }));
}

async function createRate(client: ApiClient, { apiVersion, kind, path }: Kind, { from, count }: { from: number; count: number }): Promise<number> {
  const started = performance.now();
  await overConnections(count, (index) => client.call('POST', path, { apiVersion, kind, metadata: { name: `m-${from + index}`, labels: { app: 'bench' } }, data: { text: 'x'.repeat(300) } }));
  return count / ((performance.now() - started) / 1000);
}

async function times(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const found: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await call();
    found.push(performance.now() - started);
  }
  return found;
}

/** Milliseconds from the first change until all watchers have seen all. */
async function watchTime(cluster: Cluster, client: ApiClient, { path }: Kind, round: number): Promise<number> {
  const watching = new ApiClient(cluster.kubeconfig, watchers);
  const { metadata } = JSON.parse((await client.call('GET', `${path}?limit=1`)).toString()) as { metadata: { resourceVersion: string } };
  let seen = 0;
  const stops = await Promise.all(Array.from({ length: watchers }, () => watching.watchLines(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}`, (count) => { seen += count; })));
  try {
    const started = performance.now();
    await overConnections(500, (index) => client.call('PATCH', `${path}/m-${index}`, { metadata: { labels: { round: String(round) } } }));
    await eventually(() => seen >= 500 * watchers, { timeoutMs: 60_000, everyMs: 2 });
    return performance.now() - started;
  } finally {
    for (const stop of stops) stop();
    watching.close();
  }
}

/** Of what is alive. */
function memoryPerObject(cluster: Cluster, client: ApiClient): Promise<Measured> {
  return withInspector(cluster.pid('server'), async (inspector) => {
    const found: Measured = { builtIn: [], custom: [] };
    for (const [name, kind] of [['builtIn', builtIn], ['custom', custom]] as const) {
      const before = await inspector.heapUsed();
      await createRate(client, kind, { from: rounds * createsPerRound, count: objectsForMemory });
      found[name].push((await inspector.heapUsed() - before) / objectsForMemory);
    }
    return found;
  });
}
