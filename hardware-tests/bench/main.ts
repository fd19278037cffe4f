/** `npm run bench`: starts a cluster, measures it beside its peers, prints a table and writes it as JSON. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import type { PodList } from 'kubernetes-types/core/v1';
import { eventually } from '../../machinery/testing/eventually.ts';
import { Cluster } from '../framework/cluster.ts';
import { importProgram } from '../framework/program-image.ts';
import { measureApi } from './api-rates.ts';
import { measureApiScale } from './api-scale.ts';
import { measureBoards } from './boards.ts';
import { measureCustomResources } from './custom-resources.ts';
import { measureEndpoints } from './endpoints.ts';
import { formatTable, type Figure } from './figure.ts';
import { measurePodStart } from './pod-start.ts';
import { idleFigures, memoryFigures } from './processes.ts';
import { measureProxy } from './proxy-rates.ts';

const idleSeconds = Number(process.env.BRAMBLE_BENCH_IDLE_SECONDS ?? 300);
/** What a start leaves to do (files that are written at most every 30 s, the look at images a minute later) is over by then. */
const settleMs = 75_000;
const tenPodsSettleMs = 20_000;
const image = 'bench-node:1';
const resultsDirectory = process.env.BRAMBLE_BENCH_RESULTS ?? 'bench/results';

const sections: Record<string, (cluster: Cluster) => Promise<Figure[]>> = {
  idle: async (cluster) => {
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    return [...memoryFigures(cluster, 'idle'), ...await idleFigures(cluster, idleSeconds)];
  },
  pods: (cluster) => measurePodStart(cluster, image),
  endpoints: (cluster) => measureEndpoints(cluster, image),
  tenPods: withTenPods,
  api: measureApi,
  apiScale: (cluster) => measureApiScale(cluster, resultsDirectory),
  customResources: measureCustomResources,
  proxy: measureProxy,
  boards: measureBoards,
};

async function withTenPods(cluster: Cluster): Promise<Figure[]> {
  const deployment = {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'ten' },
    spec: { replicas: 10, selector: { matchLabels: { app: 'ten' } }, template: { metadata: { labels: { app: 'ten' } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, command: ['/usr/bin/node', '-e', 'setInterval(() => {}, 60000)'] }] } } },
  };
  await cluster.kubectl.run(['apply', '-f', '-'], JSON.stringify(deployment));
  await cluster.kubectl.run(['rollout', 'status', 'deployment/ten', '--timeout=120s']);
  await new Promise((resolve) => setTimeout(resolve, tenPodsSettleMs));
  const figures = memoryFigures(cluster, 'with 10 pods');
  await cluster.kubectl.run(['delete', 'deployment', 'ten']);
  await eventually(async () => (await cluster.kubectl.json<PodList>(['get', 'pods'])).items.length === 0, { timeoutMs: 60_000, everyMs: 500 });
  return figures;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in sections));
if (unknown.length > 0) {
  process.stderr.write(`no section ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}\n`);
  process.exit(1);
}

const cluster = await Cluster.create({ clusterCIDR: '198.18.64.0/20', serviceCIDR: '198.19.64.0/20', bridgeName: 'bramble-bench', extraFlags: ['--node-port-range', '30400-30499'] });
const figures: Figure[] = [];
try {
  const started = performance.now();
  await cluster.up();
  process.stdout.write(cluster.output);
  figures.push({ what: 'bramble up → node Ready', value: (performance.now() - started) / 1000, unit: 's' });
  await importProgram(cluster.dockerHost, '/usr/bin/node', image);
  for (const [name, measure] of Object.entries(sections)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stdout.write(`measuring: ${name}\n`);
    try {
      figures.push(...await measure(cluster));
    } catch (error) {
      // The other sections' figures are worth having.
      process.exitCode = 1;
      process.stderr.write(`${name} failed: ${(error as Error).stack}\n`);
    }
  }
} finally {
  await cluster.destroy();
}
process.stdout.write(`\n${formatTable(figures)}\n`);
const file = join(resultsDirectory, `${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
mkdirSync(dirname(file), { recursive: true });
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
writeFileSync(file, `${JSON.stringify({ commit, machine: { cores: cpus().length, model: cpus()[0]?.model, node: process.version }, figures }, null, 2)}\n`);
process.stdout.write(`\nwritten to ${file}\n`);
