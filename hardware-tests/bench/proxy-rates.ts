/**
 * The Service proxy against HAProxy with one thread, in turn, in front of the same pods. Load: wrk and iperf3 on loopback
 * addresses. A ClusterIP under load is carried by the kernel after a moment (docs/proxy.md), a NodePort never is: it shows the
 * userspace proxy alone.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PodList, Service } from 'kubernetes-types/core/v1';
import { eventually } from '../../machinery/testing/eventually.ts';
import { freePort, type Cluster } from '../framework/cluster.ts';
import { importProgram } from '../framework/program-image.ts';
import { median, type Figure } from './figure.ts';

const run = promisify(execFile);
const rounds = 3;
const seconds = 4;

const backendConfig = `global
  maxconn 8000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend f
  bind :8080
  http-request return status 200 content-type text/plain string ok
`;

const manifest = {
  apiVersion: 'v1', kind: 'List', items: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bench-backend' }, data: { 'haproxy.cfg': backendConfig } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bench-backend' }, spec: { type: 'NodePort', selector: { app: 'bench-backend' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } },
    // iperf3 opens a control and a data connection: both must reach the same pod.
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bench-iperf' }, spec: { type: 'NodePort', selector: { pod: 'bench-backend-0' }, ports: [{ name: 'iperf', port: 5201, targetPort: 5201 }] } },
    ...[0, 1].map((index) => ({
      apiVersion: 'v1', kind: 'Pod', metadata: { name: `bench-backend-${index}`, labels: { app: 'bench-backend', pod: `bench-backend-${index}` } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          { name: 'http', image: 'bench-haproxy:1', command: ['/usr/sbin/haproxy', '-f', '/config/haproxy.cfg'], volumeMounts: [{ name: 'config', mountPath: '/config' }] },
          { name: 'iperf', image: 'bench-iperf3:1', command: ['/usr/bin/iperf3', '-s'] },
        ],
        volumes: [{ name: 'config', configMap: { name: 'bench-backend' } }],
      },
    })),
  ],
};

export async function measureProxy(cluster: Cluster): Promise<Figure[]> {
  await importProgram(cluster.dockerHost, '/usr/sbin/haproxy', 'bench-haproxy:1');
  await importProgram(cluster.dockerHost, '/usr/bin/iperf3', 'bench-iperf3:1');
  await cluster.kubectl.run(['apply', '-f', '-'], JSON.stringify(manifest));
  await cluster.kubectl.run(['wait', '--for=condition=Ready', 'pod', '-l', 'app=bench-backend', '--timeout=60s']);
  const pods = (await cluster.kubectl.json<PodList>(['get', 'pods', '-l', 'app=bench-backend'])).items.map((pod) => pod.status!.podIP!);
  const service = async (name: string): Promise<Service> => cluster.kubectl.json<Service>(['get', 'service', name]);
  const [web, bytes] = [await service('bench-backend'), await service('bench-iperf')];
  const haproxy = await HaproxyPeer.start(pods);
  try {
    const theirs: Target = { http: `127.0.0.1:${haproxy.httpPort}`, iperf: `127.0.0.1:${haproxy.iperfPort}` };
    const ways: [string, Target][] = [
      ['proxy', { http: `${web.spec!.clusterIP!}:80`, iperf: `${bytes.spec!.clusterIP!}:5201` }],
      ['userspace proxy alone', { http: `127.0.0.1:${web.spec!.ports![0]!.nodePort!}`, iperf: `127.0.0.1:${bytes.spec!.ports![0]!.nodePort!}` }],
    ];
    const figures: Figure[] = [];
    for (const [name, ours] of ways) {
      await eventually(() => fetch(`http://${ours.http}/`).then((response) => response.ok));
      figures.push(
        await compare(`${name}: keep-alive requests`, '/s', ({ http }) => wrk(http, []), ours, theirs),
        await compare(`${name}: connections`, '/s', ({ http }) => wrk(http, ['-H', 'Connection: close']), ours, theirs),
        await compare(`${name}: bytes`, 'MB/s', (target) => iperf(target.iperf), ours, theirs),
      );
    }
    return figures;
  } finally {
    await haproxy.stop();
    await cluster.kubectl.run(['delete', '-f', '-', '--wait=true'], JSON.stringify(manifest));
  }
}

/** Each `address:port`. */
interface Target {
  http: string;
  iperf: string;
}

/** In turn A B A B, so that a noisy machine is noisy for both; medians, after one round for both to warm up. */
async function compare(what: string, unit: string, measure: (target: Target) => Promise<number>, ours: Target, theirs: Target): Promise<Figure> {
  const values: [number, number][] = [];
  for (let round = 0; round <= rounds; round++) values.push([await measure(ours), await measure(theirs)]);
  const measured = values.slice(1);
  const peer = { name: 'HAProxy', value: median(measured.map(([, value]) => value)) };
  return { what, unit, value: median(measured.map(([value]) => value)), peer, budget: { bound: 'at least', value: peer.value } };
}

async function wrk(target: string, args: string[]): Promise<number> {
  const { stdout } = await run('wrk', ['-t1', '-c32', `-d${seconds}`, ...args, `http://${target}/`]);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? NaN);
}

async function iperf(target: string): Promise<number> {
  const [host = '', port = ''] = target.split(':');
  const { stdout } = await run('iperf3', ['-c', host, '-p', port, '-t', String(seconds), '-J'], { maxBuffer: 16 * 1024 * 1024 });
  const result = JSON.parse(stdout) as { error?: string; end: { sum_received?: { bits_per_second: number } } };
  if (!result.end.sum_received) throw new Error(`iperf3 at ${target}: ${result.error}`);
  return result.end.sum_received.bits_per_second / 8e6;
}

class HaproxyPeer {
  readonly httpPort: number;
  readonly iperfPort: number;
  private readonly process: ChildProcess;
  private readonly directory: string;

  private constructor(process: ChildProcess, directory: string, httpPort: number, iperfPort: number) {
    this.process = process;
    this.directory = directory;
    this.httpPort = httpPort;
    this.iperfPort = iperfPort;
  }

  static async start(pods: readonly string[]): Promise<HaproxyPeer> {
    const [httpPort, iperfPort] = [await freePort(), await freePort()];
    const directory = mkdtempSync(join(tmpdir(), 'bramble-haproxy-'));
    const servers = (port: number): string => pods.map((ip, index) => `  server s${index} ${ip}:${port}`).join('\n');
    writeFileSync(join(directory, 'haproxy.cfg'), `global
  maxconn 8000
  nbthread 1
defaults
  mode tcp
  timeout client 60s
  timeout server 60s
  timeout connect 5s
listen http
  bind 127.0.0.1:${httpPort}
  balance roundrobin
${servers(8080)}
listen iperf
  bind 127.0.0.1:${iperfPort}
  balance source
${servers(5201)}
`);
    const child = spawn('haproxy', ['-f', join(directory, 'haproxy.cfg')], { stdio: 'ignore' });
    await eventually(() => fetch(`http://127.0.0.1:${httpPort}/`).then((response) => response.ok));
    return new HaproxyPeer(child, directory, httpPort, iperfPort);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
    rmSync(this.directory, { recursive: true });
  }
}
