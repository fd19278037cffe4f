/** Docker goes away and comes back under the agent: a daemon of its own, because its containers die with it. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { apply, converges, importSleep, runningContainers, sleepers, sources } from '../../framework/pod-checks.ts';

const run = promisify(execFile);

/** A dockerd that can be killed and started again on its data. */
class Engine {
  readonly directory = mkdtempSync(join(tmpdir(), 'bramble-engine-'));
  private process: ChildProcess | undefined;

  get host(): string {
    return `unix://${join(this.directory, 'docker.sock')}`;
  }

  async start(): Promise<void> {
    const log = openSync(join(this.directory, 'log'), 'a');
    const daemon = spawn('dockerd', [
      '--data-root', join(this.directory, 'data'), '--exec-root', join(this.directory, 'exec'), '--pidfile', join(this.directory, 'pid'),
      '--host', this.host, '--bridge', 'none', '--default-address-pool', 'base=198.19.128.0/17,size=24',
    ], { stdio: ['ignore', log, log] });
    this.process = daemon;
    await eventually(async () => (await run('curl', ['-sf', '--unix-socket', join(this.directory, 'docker.sock'), 'http://docker/_ping'])).stdout === 'OK', { timeoutMs: 60_000, everyMs: 100 });
  }

  /** SIGTERM ends the containers too, SIGKILL leaves them to themselves. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const daemon = this.process;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill(signal);
    await ended;
    // It dies with its parent; a dockerd that finds its file while it does waits a minute for it.
    if (signal === 'SIGKILL') rmSync(join(this.directory, 'exec', 'containerd', 'containerd.pid'), { force: true });
  }

  async remove(): Promise<void> {
    await run('umount', [join(this.directory, 'data')]).catch(() => undefined); // A dockerd that was killed leaves it mounted.
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const engine = new Engine();
let cluster: Cluster;

beforeAll(async () => {
  await engine.start();
  cluster = await Cluster.create({
    clusterCIDR: '198.18.48.0/20', serviceCIDR: '198.19.48.0/20', bridgeName: 'bramble-p3', dockerHost: engine.host, extraFlags: ['--node-port-range', '30300-30399'],
  });
  await cluster.up();
  await importSleep(cluster.dockerHost);
});

afterAll(async () => {
  await cluster.destroy();
  await engine.end('SIGTERM');
  await engine.remove();
});

async function nodeReady(): Promise<string> {
  return cluster.kubectl.run(['get', 'node', 'board-1', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}']);
}

describe('Docker under the agent', { timeout: 180_000 }, () => {
  it('starts pods again whose containers ended with their daemon, and survives its absence', async () => {
    await apply(cluster, ...sources('web'), sleepers('web', 2, { mounts: true }));
    await converges(cluster, new Map([['web', 2]]));
    const agent = cluster.pid('agent');
    await engine.end('SIGTERM');
    await eventually(async () => (await nodeReady()) === 'False', { timeoutMs: 40_000, everyMs: 300 });
    await engine.start();
    await eventually(async () => (await nodeReady()) === 'True', { timeoutMs: 40_000, everyMs: 300 });
    const pods = await converges(cluster, new Map([['web', 2]]));
    expect(pods.map((pod) => pod.status!.containerStatuses![0]!.restartCount)).toEqual([1, 1]);
    expect(cluster.pid('agent')).toBe(agent);
  });

  it('takes up the containers that outlived a daemon that was killed', async () => {
    await engine.end('SIGKILL');
    await engine.start();
    await converges(cluster, new Map([['web', 2]]));
  });

  it('refuses to start an agent without Docker in one line, and up starts it again until Docker is back', async () => {
    await engine.end('SIGTERM');
    await cluster.kill('agent');
    const alone = await cluster.bramble('agent');
    expect(alone.code).toBe(1);
    expect(alone.output).toMatch(/^bramble: no Docker daemon answers at unix:\S+; start it .*\n$/);
    await engine.start();
    await eventually(async () => (await nodeReady()) === 'True', { timeoutMs: 60_000, everyMs: 300 });
    await converges(cluster, new Map([['web', 2]]));
    expect((await runningContainers(cluster, 'web'))).toHaveLength(2);
  });

  it('says that pods cannot be removed while Docker is away', async () => {
    expect(await cluster.interrupt()).toBe(0);
    await engine.end('SIGTERM');
    const down = await cluster.bramble('down');
    expect(down.code).toBe(1);
    expect(down.output).toMatch(/no Docker daemon answers at unix:\S+, so its pods cannot be removed; start it and run this again/);
    await engine.start();
    expect((await cluster.bramble('down')).code).toBe(0);
    expect(await cluster.containerList()).toEqual([]);
  });
});
