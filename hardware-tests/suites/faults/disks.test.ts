/** A disk that is full, and files that are damaged: clear words, nothing lost, never a new identity over existing data. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { apply, converges, importSleep, runningContainers, sleepers, sources } from '../../framework/pod-checks.ts';

const run = promisify(execFile);

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.create({ clusterCIDR: '198.18.48.0/20', serviceCIDR: '198.19.48.0/20', bridgeName: 'bramble-p3', extraFlags: ['--node-port-range', '30300-30399'] });
  // The whole data directory on a small disk.
  await run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', cluster.dataDir]);
  await cluster.up();
  await importSleep(cluster.dockerHost);
});

afterAll(async () => {
  const { dataDir } = cluster;
  // The directory itself is a mount point: reset empties it.
  await cluster.destroy().catch((error: unknown) => { if (!(error as Error).message.includes('EBUSY')) throw error; });
  expect(readdirSync(dataDir)).toEqual([]);
  await run('umount', [dataDir]);
  rmSync(dataDir, { recursive: true });
});

afterEach(() => rmSync(join(cluster.dataDir, 'filler'), { force: true }));

function fill(leavingBytes: number): string {
  const path = join(cluster.dataDir, 'filler');
  const { bavail, bsize } = statfsSync(cluster.dataDir);
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - leavingBytes)));
  return path;
}

async function writeMap(name: string, bytes: number): Promise<{ code: number; stderr: string }> {
  return cluster.kubectl.try(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value: 'x'.repeat(bytes) } }));
}

describe('a full disk', { timeout: 120_000 }, () => {
  it('refuses writes with a clear Status, serves reads, and takes writes again when there is space', async () => {
    await apply(cluster, ...sources('web'), sleepers('web', 1, { mounts: true }));
    await converges(cluster, new Map([['web', 1]]));
    const before = await runningContainers(cluster, 'web');
    const filler = fill(300_000);
    const acknowledged: string[] = [];
    let refusal = '';
    for (let n = 0; n < 40 && refusal === ''; n++) {
      const result = await writeMap(`filling-${n}`, 100_000);
      if (result.code === 0) acknowledged.push(`configmap/filling-${n}`);
      else refusal = result.stderr;
    }
    expect(refusal).toMatch(/Error from server .*refused the write: the control plane's disk is full/);
    const names = (await cluster.kubectl.run(['get', 'configmaps', '-o', 'name'])).split('\n');
    expect(names).toEqual(expect.arrayContaining(acknowledged));
    expect(await runningContainers(cluster, 'web')).toEqual(before);
    rmSync(filler);
    await eventually(async () => (await writeMap('after', 10)).code === 0, { timeoutMs: 30_000 });
    for (const part of ['server', 'agent']) await cluster.kill(part);
    await eventually(async () => (await cluster.kubectl.try(['get', '--raw', '/readyz'])).code === 0, { timeoutMs: 60_000, everyMs: 200 });
    const after = (await cluster.kubectl.run(['get', 'configmaps', '-o', 'name'])).split('\n');
    expect(after).toEqual(expect.arrayContaining([...acknowledged, 'configmap/after']));
    expect(await runningContainers(cluster, 'web')).toEqual(before);
  });

  it('keeps the old desired state of the board, and writes the new one when there is space', async () => {
    const state = join(cluster.dataDir, 'agent', 'desired-state', 'state');
    await cluster.kubectl.run(['create', 'configmap', 'big', `--from-literal=value=${'x'.repeat(100_000)}`]);
    const old = readFileSync(state);
    const filler = fill(0);
    const pid = cluster.pid('agent');
    await cluster.kubectl.try(['annotate', 'pod', '-l', 'app=web', 'more=text']);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(readFileSync(state).equals(old)).toBe(true);
    expect(cluster.pid('agent')).toBe(pid);
    rmSync(filler);
    await converges(cluster, new Map([['web', 1]]));
  });
});

describe('a damaged file', { timeout: 180_000 }, () => {
  /** Truncates one file between two runs. @returns what `bramble up` says, and whether it came up. */
  async function startWith(path: string, bytes: number): Promise<{ up: boolean; output: string }> {
    truncateSync(join(cluster.dataDir, path), bytes);
    try {
      await cluster.up();
      return { up: true, output: cluster.output };
    } catch (error) {
      return { up: false, output: (error as Error).message };
    }
  }

  it('heals where the cluster can make it again, and restarts no pod', async () => {
    const before = await runningContainers(cluster, 'web');
    const authority = readFileSync(join(cluster.dataDir, 'server/pki/ca.crt'), 'utf8');
    const healed = [
      'kubeconfig', 'boards/board-1/credentials.json', 'server/pki/apiserver.crt', 'server/pki/admin.key', 'server/pki/nats.key',
      'server/nats/server.seed', 'server/nats/nats-server.conf', 'agent/desired-state/state', 'run/up.json', 'run/agent.json',
    ];
    for (const path of healed) {
      expect(await cluster.interrupt()).toBe(0);
      mkdirSync(join(cluster.dataDir, 'run'), { recursive: true });
      if (path.startsWith('run/')) writeFileSync(join(cluster.dataDir, path), '{"pid": 1');
      const { up, output } = await startWith(path, path.startsWith('run/') ? 5 : 0);
      expect(up, `${path}: ${output}`).toBe(true);
      await converges(cluster, new Map([['web', 1]]));
      expect(await runningContainers(cluster, 'web'), path).toEqual(before);
    }
    expect(readFileSync(join(cluster.dataDir, 'server/pki/ca.crt'), 'utf8')).toBe(authority);
  });

  it('is named, with what to do, where only the person can decide', async () => {
    const before = await runningContainers(cluster, 'web');
    expect(await cluster.interrupt()).toBe(0);
    const named: [path: string, bytes: number, words: RegExp][] = [
      ['server/boards.json', 0, /boards\.json is damaged; restore it/],
      ['server/pki/ca.crt', 0, /ca\.crt/],
    ];
    for (const [path, bytes, words] of named) {
      const file = join(cluster.dataDir, path);
      copyFileSync(file, `${file}.kept`);
      const { up, output } = await startWith(path, bytes);
      expect(up, path).toBe(false);
      const lines = output.slice(0, output.indexOf('── server')).split('\n').filter((line) => line.startsWith('bramble: '));
      expect(lines, `${path}: ${output}`).toHaveLength(1);
      expect(lines[0]).toMatch(words);
      copyFileSync(`${file}.kept`, file);
      rmSync(`${file}.kept`);
    }
    await cluster.up();
    await converges(cluster, new Map([['web', 1]]));
    expect(await runningContainers(cluster, 'web')).toEqual(before);
  });
});
