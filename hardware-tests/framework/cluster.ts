/**
 * A one-machine cluster, started by the `bramble` executable and driven from outside: processes, kubectl, sockets, Docker.
 * Everything is in a temporary data directory; the CIDRs are test ranges, with a blackhole under them so that nothing
 * leaves the machine.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../machinery/testing/eventually.ts';
import { Kubectl } from './kubectl.ts';

const run = promisify(execFile);
/** Tests and benchmarks are run from the top of the checkout. */
const executable = resolvePath('bin/bramble.js');
/** Where several clusters are tested side by side, they share one Docker; else bramble starts one. */
const givenDockerHost = process.env.BRAMBLE_TEST_DOCKER_HOST;

export interface ClusterOptions {
  clusterCIDR: string;
  serviceCIDR: string;
  bridgeName: string;
  extraFlags?: readonly string[];
  /** Another Docker than the one all tests share. */
  dockerHost?: string;
}

/** What is used of an entry of Docker's list of containers. */
export interface ContainerEntry {
  Id: string;
  Names: string[];
  /** `running`, `exited`, `created` ... */
  State: string;
  Labels: Record<string, string>;
}

export class Cluster {
  readonly dataDir: string;
  readonly flags: string[];
  readonly kubectl: Kubectl;
  readonly nodeName = 'board-1';
  /** What `bramble up` printed. */
  output = '';
  private process: ChildProcess | undefined;
  private readonly options: ClusterOptions;

  private constructor(options: ClusterOptions, dataDir: string, ports: { api: number; nats: number }) {
    this.options = options;
    this.dataDir = dataDir;
    this.kubectl = new Kubectl(join(dataDir, 'kubeconfig'));
    this.flags = [
      '--data-dir', dataDir, '--api-port', String(ports.api), '--nats-port', String(ports.nats), '--node-name', this.nodeName,
      '--cluster-cidr', options.clusterCIDR, '--service-cidr', options.serviceCIDR, '--bridge-name', options.bridgeName,
      ...(this.givenDockerHost === undefined ? [] : ['--docker-host', this.givenDockerHost]),
      ...(options.extraFlags ?? []),
    ];
  }

  static async create(options: ClusterOptions): Promise<Cluster> {
    const dataDir = mkdtempSync(join(tmpdir(), 'bramble-cluster-'));
    const cluster = new Cluster(options, dataDir, { api: await freePort(), nats: await freePort() });
    await run('ip', ['route', 'replace', 'blackhole', options.clusterCIDR, 'metric', '4096']);
    return cluster;
  }

  private get givenDockerHost(): string | undefined {
    return this.options.dockerHost ?? givenDockerHost;
  }

  get kubeconfig(): string {
    return join(this.dataDir, 'kubeconfig');
  }

  get dockerHost(): string {
    return this.givenDockerHost ?? `unix://${join(this.dataDir, 'run', 'docker.sock')}`;
  }

  /** Runs `bramble up` until it says that the cluster is ready. */
  async up(): Promise<void> {
    const child = spawn(process.execPath, [executable, 'up', '--yes', ...this.flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = child;
    this.output = '';
    let ended: number | null | undefined;
    child.stdout.setEncoding('utf8').on('data', (text: string) => { this.output += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { this.output += text; });
    child.on('exit', (code) => { ended = code; });
    await eventually(() => ended !== undefined || this.output.includes('The cluster is ready'), { timeoutMs: 180_000, everyMs: 50 }).then(() => {
      if (ended !== undefined) throw new Error(`bramble up ended with ${ended}: ${this.output}`);
    }).catch((error: unknown) => {
      throw new Error(`the cluster did not start: ${this.output}\n${this.logs()}`, { cause: error });
    });
  }

  /** What Ctrl-C does. @returns the exit code. */
  async interrupt(): Promise<number | null> {
    const child = this.process;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    this.process = undefined;
    return exit;
  }

  /** `bramble up`, once it was started. */
  get upProcess(): ChildProcess | undefined {
    return this.process;
  }

  /** Starts `bramble` with a subcommand and this cluster's options, and does not wait. `output` grows as it speaks. */
  begin(command: string, flags: readonly string[] = []): { process: ChildProcess; output: () => string; exit: Promise<number | null> } {
    const child = spawn(process.execPath, [executable, command, ...this.flags, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { output += text; });
    return { process: child, output: () => output, exit: new Promise((resolve) => child.once('close', resolve)) };
  }

  /** Pulls the plug of everything at once. Containers run on. @returns the pids that were killed. */
  powerCut(): number[] {
    const pids = ['up', 'server', 'agent', 'proxy', 'nats-server'].flatMap((part) => {
      try {
        return [this.pid(part)];
      } catch {
        return []; // It does not run.
      }
    });
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    this.process = undefined;
    return pids;
  }

  /** Another subcommand with this cluster's options. */
  async bramble(command: string, flags: readonly string[] = []): Promise<{ code: number; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [executable, command, ...this.flags, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
      child.stderr.setEncoding('utf8').on('data', (text: string) => { output += text; });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? 128, output }));
    });
  }

  /** The pid of `server`, `agent`, `proxy` or `nats-server`, while it runs. */
  pid(part: string): number {
    if (part === 'nats-server') return Number(readFileSync(join(this.dataDir, 'server', 'nats', 'nats-server.pid'), 'utf8'));
    return (JSON.parse(readFileSync(join(this.dataDir, 'run', `${part}.json`), 'utf8')) as { pid: number }).pid;
  }

  /** Pulls the plug of one process and waits until its successor runs. */
  async kill(part: string): Promise<void> {
    // Where its parent was killed just before, the file may name one that is gone: its successor is coming.
    const before = await eventually(() => {
      const pid = this.pid(part);
      process.kill(pid, 'SIGKILL');
      return pid;
    }, { timeoutMs: 30_000 });
    await eventually(() => this.pid(part) !== before, { timeoutMs: 30_000 });
  }

  async docker<T>(path: string): Promise<T> {
    const { stdout } = await run('curl', ['-sf', '--unix-socket', this.dockerHost.replace(/^unix:\/\//, ''), `http://docker${path}`], { maxBuffer: 16 * 1024 * 1024 });
    return JSON.parse(stdout) as T;
  }

  /** A call to Docker that changes something. */
  async engine(method: 'POST' | 'DELETE', path: string): Promise<void> {
    await run('curl', ['-sf', '-X', method, '--unix-socket', this.dockerHost.replace(/^unix:\/\//, ''), `http://docker${path}`]);
  }

  /** Containers of this cluster's pods, sandboxes included, ended ones too, by id. */
  async containers(): Promise<Map<string, string>> {
    return new Map((await this.containerList()).map(({ Id, Names }) => [Id, Names[0] ?? '']));
  }

  /** The same, as Docker lists them. */
  async containerList(): Promise<ContainerEntry[]> {
    const agent = createHash('sha256').update(`${this.dataDir}\n${this.nodeName}`).digest('hex').slice(0, 12);
    const filters = encodeURIComponent(JSON.stringify({ label: [`dev.bramble.agent=${agent}`] }));
    return this.docker<ContainerEntry[]>(`/containers/json?all=1&filters=${filters}`);
  }

  logs(): string {
    return ['server', 'agent', 'proxy'].map((part) => {
      try {
        return `── ${part}\n${readFileSync(join(this.dataDir, 'log', `${part}.log`), 'utf8').slice(-6_000)}`;
      } catch {
        return `── ${part}: no log`;
      }
    }).join('\n');
  }

  /** Ends everything and removes every trace. */
  async destroy(): Promise<void> {
    await this.interrupt();
    const result = await this.bramble('reset', ['--yes']);
    await run('ip', ['route', 'del', 'blackhole', this.options.clusterCIDR, 'metric', '4096']).catch(() => undefined);
    rmSync(this.dataDir, { recursive: true, force: true });
    if (result.code !== 0) throw new Error(`bramble reset failed: ${result.output}`);
  }
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
