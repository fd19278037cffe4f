/** A board that loses power, boots, and finds no control plane: its pods come from its own disk. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster, type ContainerEntry } from '../../framework/cluster.ts';
import { apply, converges, importSleep, runningContainers, sleepers, sources } from '../../framework/pod-checks.ts';

const run = promisify(execFile);
const rounds = 10;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.create({ clusterCIDR: '198.18.48.0/20', serviceCIDR: '198.19.48.0/20', bridgeName: 'bramble-p3', extraFlags: ['--node-port-range', '30300-30399'] });
  await cluster.up();
  await importSleep(cluster.dockerHost);
});

afterAll(async () => {
  await cluster.destroy();
});

/** What a power cut leaves: no process, no running container, no mount. In some rounds Docker has lost the containers too. */
async function loseBoard(round: number): Promise<void> {
  for (const { Id, State } of await cluster.containerList()) {
    const path = round % 2 === 0 ? `/containers/${Id}?force=1` : `/containers/${Id}/kill`;
    if (round % 2 === 0 || State === 'running') await cluster.engine(round % 2 === 0 ? 'DELETE' : 'POST', path);
  }
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(join(cluster.dataDir, 'agent')));
  for (const mount of mounts.reverse()) await run('umount', [mount]);
}

async function running(): Promise<ContainerEntry[]> {
  return (await cluster.containerList()).filter(({ State }) => State === 'running');
}

/** What the process of a container sees. */
async function contents(container: ContainerEntry): Promise<{ text: string; password: string; variable: string }> {
  const { State } = await cluster.docker<{ State: { Pid: number } }>(`/containers/${container.Id}/json`);
  const read = (path: string): string => readFileSync(`/proc/${State.Pid}/${path}`, 'utf8');
  return { text: read('root/var/text/text'), password: read('root/var/secret/password'), variable: /PASSWORD=([^\0]*)/.exec(read('environ'))?.[1] ?? '' };
}

describe('a cold boot without a control plane', { timeout: 240_000 }, () => {
  it('begins with pods that run', async () => {
    await apply(cluster, ...sources('web'), sleepers('web', 2, { mounts: true }), sleepers('plain', 1));
    await converges(cluster, new Map([['web', 2], ['plain', 1]]));
    await eventually(() => readFileSync(join(cluster.dataDir, 'agent', 'desired-state', 'state')).length > 0);
    // The state is written half a second after it changed.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  });

  it(`starts every pod again, with its Secrets and ConfigMaps, ${rounds} times of ${rounds}`, async () => {
    cluster.powerCut();
    for (let round = 0; round < rounds; round++) {
      await loseBoard(round);
      expect(await running()).toEqual([]);
      const agent = cluster.begin('agent');
      try {
        const found = await eventually(async () => {
          const containers = await running();
          if (containers.length !== 6) throw new Error(`round ${round}: ${containers.length} of 6 containers run: ${agent.output()}`);
          return containers;
        }, { timeoutMs: 30_000 });
        for (const container of found) {
          if (!container.Labels['io.kubernetes.pod.name']?.startsWith('web-') || container.Labels['io.kubernetes.container.name'] === 'POD') continue;
          expect(await contents(container)).toEqual({ text: 'text of web', password: 'password of web', variable: 'password of web' });
        }
      } finally {
        agent.process.kill('SIGKILL');
        await agent.exit;
      }
    }
  });

  it('restarts nothing when the control plane comes back', async () => {
    const before = (await running()).map(({ Id }) => Id).sort();
    expect(before).toHaveLength(6);
    await cluster.up();
    await converges(cluster, new Map([['web', 2], ['plain', 1]]));
    expect((await running()).map(({ Id }) => Id).sort()).toEqual(before);
    const told = await runningContainers(cluster, 'web');
    expect(told.every((line) => before.some((id) => line.includes(id)))).toBe(true);
  });

  it('knows nothing of a pod that was deleted before the cut', async () => {
    await cluster.kubectl.run(['delete', 'deployment', 'plain', '--wait=false']);
    await converges(cluster, new Map([['web', 2]]));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    cluster.powerCut();
    await loseBoard(0);
    const agent = cluster.begin('agent');
    await eventually(async () => (await running()).length === 4, { timeoutMs: 30_000 });
    agent.process.kill('SIGTERM');
    expect(await agent.exit).toBe(0);
    expect((await running()).map(({ Labels }) => Labels['io.kubernetes.pod.name']).some((name) => name?.startsWith('plain'))).toBe(false);
  });
});
