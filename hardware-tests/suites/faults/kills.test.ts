/** SIGKILL of every process, one at a time and all at once, while the cluster is being changed. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { apply, converges, importSleep, runningContainers, sleepers, sources } from '../../framework/pod-checks.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.create({ clusterCIDR: '198.18.48.0/20', serviceCIDR: '198.19.48.0/20', bridgeName: 'bramble-p3', extraFlags: ['--node-port-range', '30300-30399'] });
  await cluster.up();
  await importSleep(cluster.dockerHost);
});

afterAll(async () => {
  await cluster.destroy();
});

/** The same sequence in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Changes Deployments at random, again and again; what kubectl said is done is done. */
class Changes {
  readonly wanted = new Map<string, number>();
  /** ConfigMap name → value whose write was acknowledged. */
  readonly written = new Map<string, string>();
  readonly revisions: number[] = [];
  private readonly random = numbers(7);

  async run(until: () => boolean): Promise<void> {
    for (let step = 0; !until(); step++) {
      await this.change(step);
      const name = `note-${step}`;
      const made = await cluster.kubectl.try(['create', 'configmap', name, `--from-literal=value=${step}`]);
      if (made.code === 0) this.written.set(name, String(step));
      const list = await cluster.kubectl.try(['get', '--raw', '/api/v1/namespaces/default/configmaps?limit=1']);
      if (list.code === 0) this.revisions.push(Number((JSON.parse(list.stdout) as { metadata: { resourceVersion: string } }).metadata.resourceVersion));
    }
  }

  private async change(step: number): Promise<void> {
    const name = `app-${Math.floor(this.random() * 3)}`;
    const replicas = Math.floor(this.random() * 4);
    if (this.random() < 0.2) {
      const deleted = await cluster.kubectl.try(['delete', 'deployment', name, '--ignore-not-found', '--wait=false']);
      if (deleted.code === 0) this.wanted.set(name, 0);
      else this.wanted.delete(name);
      return;
    }
    const applied = await cluster.kubectl.try(['apply', '-f', '-'], JSON.stringify(sleepers(name, replicas, { version: String(Math.floor(step / 4)) })));
    if (applied.code === 0) this.wanted.set(name, replicas);
    // Whether it arrived is not known: the next one decides.
    else this.wanted.delete(name);
  }

  /** Brings what is not known to a known state. */
  async settle(): Promise<void> {
    for (const name of ['app-0', 'app-1', 'app-2']) {
      if (this.wanted.has(name)) continue;
      await apply(cluster, sleepers(name, 1));
      this.wanted.set(name, 1);
    }
  }
}

async function answers(): Promise<void> {
  await eventually(async () => (await cluster.kubectl.try(['get', '--raw', '/readyz'])).code === 0, { timeoutMs: 60_000, everyMs: 200 });
}

describe('pulling plugs', { timeout: 180_000 }, () => {
  it('runs pods that nothing below may touch', async () => {
    await apply(cluster, ...sources('anchor'), sleepers('anchor', 2, { mounts: true }));
    await converges(cluster, new Map([['anchor', 2]]));
  });

  it('converges after every part was killed while Deployments come, go, roll and scale', async () => {
    const before = await runningContainers(cluster, 'anchor');
    const changes = new Changes();
    let done = false;
    const running = changes.run(() => done);
    const random = numbers(3);
    try {
      for (const part of ['agent', 'server', 'nats-server', 'proxy', 'agent', 'server', 'agent', 'nats-server', 'server']) {
        await new Promise((resolve) => setTimeout(resolve, 200 + random() * 1_000));
        await cluster.kill(part);
      }
    } finally {
      done = true;
      await running;
    }
    await answers();
    await changes.settle();
    await converges(cluster, new Map([...changes.wanted, ['anchor', 2]]));
    expect(await runningContainers(cluster, 'anchor')).toEqual(before);
    expect(changes.revisions).toEqual([...changes.revisions].sort((left, right) => left - right));
    expect(changes.written.size).toBeGreaterThan(5);
    const stored = await cluster.kubectl.json<{ items: { metadata: { name: string }; data?: { value?: string } }[] }>(['get', 'configmaps']);
    const values = new Map(stored.items.map(({ metadata, data }) => [metadata.name, data?.value]));
    for (const [name, value] of changes.written) expect(values.get(name), name).toBe(value);
  });

  it('ends by itself when bramble up is killed, and the next one finds the pods', async () => {
    const before = await runningContainers(cluster, 'anchor');
    const pids = ['server', 'agent', 'proxy', 'nats-server'].map((part) => cluster.pid(part));
    process.kill(cluster.pid('up'), 'SIGKILL');
    await eventually(() => !pids.some(alive), { timeoutMs: 30_000 });
    await cluster.up();
    await answers();
    expect(await runningContainers(cluster, 'anchor')).toEqual(before);
    await eventually(async () => (await runningContainers(cluster, 'anchor')).length === 2, { timeoutMs: 10_000 });
  });

  it('starts at once after bramble up was killed, while its children are still ending', async () => {
    const before = await runningContainers(cluster, 'anchor');
    process.kill(cluster.pid('up'), 'SIGKILL');
    await cluster.up();
    expect(await runningContainers(cluster, 'anchor')).toEqual(before);
  });

  it('starts after everything was killed at once, with a nats-server that was left alone', async () => {
    const before = await runningContainers(cluster, 'anchor');
    for (let round = 0; round < 3; round++) {
      const nats = cluster.pid('nats-server');
      const spared = round === 0;
      for (const part of ['up', 'server', 'agent', 'proxy', ...(spared ? [] : ['nats-server'])]) process.kill(cluster.pid(part), 'SIGKILL');
      if (spared) expect(alive(nats)).toBe(true);
      await cluster.up();
      expect(await runningContainers(cluster, 'anchor')).toEqual(before);
    }
    expect(cluster.output).not.toContain('✗');
  });

  it('keeps two from running on the same data', async () => {
    const second = await cluster.bramble('up', ['--yes']);
    expect(second.code).toBe(1);
    expect(second.output).toMatch(/^bramble: bramble already runs here \(process \d+, data in .*\); use it with KUBECONFIG=\S+, or stop it first\n$/);
    const server = await cluster.bramble('server');
    expect(server.code).toBe(1);
    expect(server.output).toMatch(/in use/);
    await answers();
  });

  it('goes down after a crash and leaves nothing', async () => {
    const before = [...(await cluster.containers()).keys()];
    expect(before.length).toBeGreaterThan(0);
    const pids = cluster.powerCut();
    const result = await cluster.bramble('down');
    expect(result.code, result.output).toBe(0);
    expect(pids.filter(alive)).toEqual([]);
    // Docker may have been bramble's own and be down with the rest: it is asked when it is up again.
    await cluster.up();
    const after = await cluster.containers();
    expect(before.filter((id) => after.has(id))).toEqual([]);
    expect(cluster.output).toContain(join(cluster.dataDir, 'kubeconfig'));
    await converges(cluster, new Map([...(await deployed()), ['anchor', 2]]));
  });
});

/** Deployment → replicas, as the API server has them. */
async function deployed(): Promise<[string, number][]> {
  const { items } = await cluster.kubectl.json<{ items: { metadata: { name: string }; spec: { replicas: number } }[] }>(['get', 'deployments']);
  return items.map(({ metadata, spec }) => [metadata.name, spec.replicas]);
}
