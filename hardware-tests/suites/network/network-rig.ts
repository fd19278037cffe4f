/** A cluster with pods that answer and pods that ask: what the tests of the network share. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Node, Pod, Service } from 'kubernetes-types/core/v1';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { podExec, type ExecResult } from '../../framework/pod-exec.ts';
import { importProgram } from '../../framework/program-image.ts';

const run = promisify(execFile);
const programs = ['net-server.js', 'net-client.js'] as const;
const node = '/usr/bin/node';
const image = 'network-node:1';
export const busyboxImage = 'network-busybox:1';

/** One answer of net-server.js, or what went wrong on the way. */
export interface Answer {
  name?: string;
  port?: number;
  /** The source address that the server saw. */
  client?: string;
  /** UDP: the address that the reply came from. */
  from?: string;
  error?: string;
  body?: string;
}

/** Where a client runs: a pod of this name, or the machine itself. */
export type Place = { pod: string; namespace?: string } | 'machine';

export class NetworkRig {
  readonly cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async start(): Promise<NetworkRig> {
    const cluster = await Cluster.create({ clusterCIDR: '198.18.32.0/20', serviceCIDR: '198.19.32.0/20', bridgeName: 'bramble-p2', extraFlags: ['--node-port-range', '30200-30299'] });
    const rig = new NetworkRig(cluster);
    try {
      await cluster.up();
      await Promise.all([importProgram(cluster.dockerHost, node, image), importProgram(cluster.dockerHost, '/usr/bin/busybox', busyboxImage)]);
      await rig.addPrograms('default');
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
    return rig;
  }

  /** The programs of the pods, as a ConfigMap of the namespace. */
  async addPrograms(namespace: string): Promise<void> {
    const data = Object.fromEntries(programs.map((program) => [program, readFileSync(join(import.meta.dirname, program), 'utf8')]));
    await this.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'net-programs', namespace }, data: { ...data, 'package.json': '{"type":"module"}' } });
  }

  async apply(...items: object[]): Promise<void> {
    await this.cluster.kubectl.run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }

  /** Like apply, for many objects that are not there yet. */
  async create(items: readonly object[]): Promise<void> {
    await this.cluster.kubectl.run(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }

  async patch(kind: string, name: string, patch: object, namespace = 'default'): Promise<void> {
    await this.cluster.kubectl.run(['patch', kind, name, '-n', namespace, '--type=merge', '-p', JSON.stringify(patch)]);
  }

  async remove(kind: string, ...names: string[]): Promise<void> {
    await this.cluster.kubectl.run(['delete', kind, ...names, '--wait=true', '--timeout=30s']);
  }

  async ready(...pods: string[]): Promise<void> {
    await this.cluster.kubectl.run(['wait', '--for=condition=Ready', ...pods.map((pod) => `pod/${pod}`), '--timeout=60s']);
  }

  pod(name: string, namespace = 'default'): Promise<Pod> {
    return this.cluster.kubectl.json<Pod>(['get', 'pod', name, '-n', namespace]);
  }

  async podIP(name: string, namespace = 'default'): Promise<string> {
    return (await this.pod(name, namespace)).status!.podIP!;
  }

  service(name: string): Promise<Service> {
    return this.cluster.kubectl.json<Service>(['get', 'service', name]);
  }

  async clusterIP(name: string): Promise<string> {
    return (await this.service(name)).spec!.clusterIP!;
  }

  async nodeAddress(): Promise<string> {
    const board = await this.cluster.kubectl.json<Node>(['get', 'node', this.cluster.nodeName]);
    return board.status!.addresses!.find(({ type }) => type === 'InternalIP')!.address;
  }

  /** HTTP requests, each over a connection of its own. */
  http(from: Place, url: string, times = 1): Promise<Answer[]> {
    return this.client<Answer[]>(from, ['http', url, String(times)]);
  }

  udp(from: Place, host: string, port: number, times = 1): Promise<Answer[]> {
    return this.client<Answer[]>(from, ['udp', host, String(port), String(times)]);
  }

  /** What net-client.js gives for an action. */
  async client<T>(from: Place, args: string[]): Promise<T> {
    if (from === 'machine') return JSON.parse((await run(process.execPath, [join(import.meta.dirname, 'net-client.js'), ...args])).stdout) as T;
    const result = await this.exec(from.pod, [node, '/net/net-client.js', ...args], from.namespace);
    if (result.code !== 0) throw new Error(`net-client ${args.join(' ')} in ${from.pod} ended with ${result.code}: ${result.stderr}`);
    return JSON.parse(result.stdout) as T;
  }

  exec(pod: string, command: string[], namespace = 'default'): Promise<ExecResult> {
    return podExec(this.cluster.kubeconfig, { namespace, pod, container: 'main' }, command);
  }

  /** Waits until requests are answered by exactly these servers, in whatever order. */
  async answeredBy(from: Place, url: string, names: string[]): Promise<void> {
    const wanted = [...names].sort().join(' ');
    await eventually(async () => {
      const answers = await this.http(from, url, Math.max(1, names.length * 2));
      const seen = [...new Set(answers.map(({ name, error, body }) => name ?? `error ${error ?? body}`))].sort().join(' ');
      if (seen !== wanted) throw new Error(`${url} is answered by ${seen}, not by ${wanted}`);
      return true;
    }, { timeoutMs: 15_000, everyMs: 100 });
  }

  /** Waits until connections are refused. */
  async refused(from: Place, url: string): Promise<void> {
    await eventually(async () => {
      const [answer] = await this.http(from, url);
      if (answer?.error !== 'ECONNREFUSED') throw new Error(`${url}: ${JSON.stringify(answer)}`);
      return true;
    }, { timeoutMs: 15_000, everyMs: 100 });
  }
}

/** A pod that runs net-server.js. */
export function serverPod(name: string, more: { labels?: Record<string, string>; env?: Record<string, string>; ports?: object[]; spec?: object; namespace?: string } = {}): object {
  const ports = more.ports ?? [{ name: 'web', containerPort: 8080 }, { name: 'more', containerPort: 9090 }, { name: 'talk', containerPort: 8081, protocol: 'UDP' }];
  return {
    apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: more.namespace ?? 'default', labels: more.labels ?? { app: 'net' } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{
        name: 'main', image, command: [node, '/net/net-server.js'], ports,
        env: Object.entries({ SERVER_NAME: name, ...more.env }).map(([key, value]) => ({ name: key, value })),
        volumeMounts: [{ name: 'net', mountPath: '/net' }],
        readinessProbe: { httpGet: { path: '/ready', port: ports.length > 0 ? 'web' : 8080 }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 1 },
      }],
      volumes: [{ name: 'net', configMap: { name: 'net-programs' } }],
      ...more.spec,
    },
  };
}

/** A pod that does nothing until it is told to. */
export function clientPod(name: string, spec: object = {}, namespace = 'default'): object {
  return {
    apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app: 'client' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image, command: [node, '-e', 'setInterval(() => {}, 60000)'], volumeMounts: [{ name: 'net', mountPath: '/net' }] }],
      volumes: [{ name: 'net', configMap: { name: 'net-programs' } }],
      ...spec,
    },
  };
}

/** A shell for tools such as nslookup: `/usr/bin/busybox TOOL`. */
export function busyboxPod(name: string, spec: object = {}): object {
  return {
    apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', labels: { app: 'client' } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: busyboxImage, command: ['/usr/bin/busybox', 'sleep', '100000'] }], ...spec },
  };
}

export function makeService(name: string, spec: object): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec };
}

/** How often each server answered. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name, error, body } of answers) {
    const key = name ?? `error ${error ?? body}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
