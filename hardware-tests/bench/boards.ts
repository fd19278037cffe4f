/** A control plane with many simulated boards: real nats-server, real LevelDB, real TLS; only Docker is missing. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { parse } from 'yaml';
import { eventually } from '../../machinery/testing/eventually.ts';
import { freePort } from '../framework/cluster.ts';
import { ApiClient } from './api-client.ts';
import { median, percentile, type Figure } from './figure.ts';
import { cpuTicks, pss } from './processes.ts';

const boardCount = Number(process.env.BRAMBLE_BENCH_BOARDS ?? 1_000);
const podsPerBoard = 10;
const createWidth = 8;
const settleMs = 10_000;
const steadySeconds = 20;
const startTimeoutMs = 300_000;
const podsTimeoutMs = 600_000;
/** Room for 1,024 boards with 64 addresses each; nothing is ever sent there. */
const [clusterCIDR, serviceCIDR] = ['198.18.0.0/16', '198.19.64.0/20'];

export async function measureBoards(): Promise<Figure[]> {
  const plane = await ControlPlane.start();
  try {
    const client = new ApiClient(plane.kubeconfig, createWidth);
    await createNodes(client);
    const started = performance.now();
    await plane.startBoards();
    const registered = (performance.now() - started) / 1000;
    const burst = await createPods(client, plane);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const before = plane.cpu();
    const latencies = await callsFor(client, steadySeconds);
    const share = (plane.cpu() - before) / steadySeconds;
    client.close();
    const all = `${boardCount} boards`;
    return [
      { what: `${all}: until all are registered`, value: registered, unit: 's' },
      { what: `${all}: ${podsPerBoard} pods each, created → Running`, value: burst.seconds, unit: 's' },
      { what: `${all}: API calls in that burst, p99`, value: percentile(burst.latencies, 0.99), unit: 'ms', budget: { bound: 'at most', value: 1_000 } },
      { what: `${all}: API calls afterwards, median`, value: median(latencies), unit: 'ms' },
      { what: `${all}: API calls afterwards, p99`, value: percentile(latencies, 0.99), unit: 'ms', budget: { bound: 'at most', value: 1_000 } },
      { what: `${all}: memory of the server`, value: pss(plane.serverPid), unit: 'MB' },
      { what: `${all}: memory of nats-server`, value: pss(plane.natsPid), unit: 'MB' },
      { what: `${all}: CPU of the control plane meanwhile`, value: share, unit: '% of a core' },
    ];
  } finally {
    await plane.stop();
  }
}

/** With smaller blocks than the control plane would give, so that a test range holds them. */
async function createNodes(client: ApiClient): Promise<void> {
  for (let index = 0; index < boardCount; index++) {
    const podCIDR = `198.18.${index >> 2}.${(index & 3) * 64}/26`;
    await client.call('POST', '/api/v1/nodes', { metadata: { name: boardName(index) }, spec: { podCIDR, podCIDRs: [podCIDR] } });
  }
}

function boardName(index: number): string {
  return `board-${index}`;
}

/** Through the scheduler; the calls' durations are those of a client in the middle of it. */
async function createPods(client: ApiClient, plane: ControlPlane): Promise<{ seconds: number; latencies: number[] }> {
  const pod = (index: number) => ({
    metadata: { name: `pod-${index}`, labels: { app: `app-${index % 100}` } },
    spec: { containers: [{ name: 'main', image: 'example:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } }] },
  });
  const count = boardCount * podsPerBoard;
  const latencies: number[] = [];
  const started = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: createWidth }, async () => {
    while (next < count) latencies.push(await timed(() => client.call('POST', '/api/v1/namespaces/default/pods', pod(next++))));
  }));
  await eventually(async () => {
    latencies.push(...await callsFor(client, 0.5));
    return plane.reported >= count;
  }, { timeoutMs: podsTimeoutMs, everyMs: 200 });
  return { seconds: (performance.now() - started) / 1000, latencies };
}

/** What a few people and a dashboard ask for, one call after the other. */
async function callsFor(client: ApiClient, seconds: number): Promise<number[]> {
  const found: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let index = 0; performance.now() < end; index++) {
    found.push(await timed(() => client.call('GET', '/api/v1/namespaces/default/pods/pod-1')));
    found.push(await timed(() => client.call('PATCH', '/api/v1/namespaces/default/pods/pod-1', { metadata: { annotations: { bench: String(index) } } })));
    found.push(await timed(() => client.call('GET', '/api/v1/namespaces/default/pods?limit=500')));
    found.push(await timed(() => client.call('GET', '/api/v1/nodes?limit=100')));
  }
  return found;
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await call();
  return performance.now() - started;
}

/** `bramble server` alone, and the process of its boards. */
class ControlPlane {
  readonly kubeconfig: string;
  reported = 0;
  private readonly directory: string;
  private readonly natsPort: number;
  private readonly seeds: readonly string[];
  private server: ChildProcess | undefined;
  private boards: ChildProcess | undefined;
  private log = '';

  private constructor(directory: string, natsPort: number, seeds: readonly string[]) {
    this.directory = directory;
    this.natsPort = natsPort;
    this.seeds = seeds;
    this.kubeconfig = join(directory, 'kubeconfig');
  }

  static async start(): Promise<ControlPlane> {
    const directory = mkdtempSync(join(tmpdir(), 'bramble-boards-'));
    const [apiPort, natsPort] = [await freePort(), await freePort()];
    const pairs = Array.from({ length: boardCount }, () => nkeys.createUser());
    const plane = new ControlPlane(directory, natsPort, pairs.map((pair) => new TextDecoder().decode(pair.getSeed())));
    mkdirSync(join(directory, 'server'), { recursive: true });
    const enrolled = Object.fromEntries(pairs.map((pair, index) => [boardName(index), { nkey: pair.getPublicKey() }]));
    writeFileSync(join(directory, 'server', 'boards.json'), JSON.stringify({ boards: enrolled }));
    plane.server = spawn(process.execPath, [
      '--max-semi-space-size=2', resolvePath('bin/bramble.js'), 'server', '--data-dir', directory, '--api-port', String(apiPort), '--nats-port', String(natsPort),
      '--node-name', boardName(0), '--cluster-cidr', clusterCIDR, '--service-cidr', serviceCIDR,
    ], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { ...process.env, MALLOC_ARENA_MAX: '1' } });
    await plane.ready(plane.server, 'bramble server');
    return plane;
  }

  get serverPid(): number {
    return this.server!.pid!;
  }

  get natsPid(): number {
    return Number(readFileSync(join(this.directory, 'server', 'nats', 'nats-server.pid'), 'utf8'));
  }

  /** Clock ticks so far, 100 a second. */
  cpu(): number {
    return cpuTicks(this.serverPid) + cpuTicks(this.natsPid);
  }

  /** Resolves when all are registered. */
  async startBoards(): Promise<void> {
    const config = parse(readFileSync(this.kubeconfig, 'utf8')) as { clusters: { cluster: { 'certificate-authority-data': string } }[] };
    const ca = Buffer.from(config.clusters[0]!.cluster['certificate-authority-data'], 'base64').toString();
    const directory = join(this.directory, 'credentials');
    mkdirSync(directory);
    // The server has made a key of its own for the board of this machine.
    for (const [index, seed] of this.seeds.entries()) {
      if (index === 0) continue;
      writeFileSync(join(directory, `${boardName(index)}.json`), JSON.stringify({ board: boardName(index), url: `tls://127.0.0.1:${this.natsPort}`, seed, ca }), { mode: 0o600 });
    }
    writeFileSync(join(directory, `${boardName(0)}.json`), readFileSync(join(this.directory, 'boards', boardName(0), 'credentials.json')), { mode: 0o600 });
    const child = fork(join(import.meta.dirname, 'boards-process.js'), [directory], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.boards = child;
    child.on('message', (message: { reported?: number }) => { this.reported = message.reported ?? this.reported; });
    await this.ready(child, 'simulated boards');
  }

  private ready(child: ChildProcess, name: string): Promise<void> {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.log = (this.log + text).slice(-10_000); });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} did not get ready: ${this.log}`)), startTimeoutMs);
      child.on('message', () => {
        clearTimeout(timer);
        resolve();
      });
      child.on('exit', (code) => reject(new Error(`${name} ended with ${code}: ${this.log}`)));
    });
  }

  async stop(): Promise<void> {
    for (const child of [this.boards, this.server]) {
      if (!child || child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
