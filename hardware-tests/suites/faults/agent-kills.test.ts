/** The agent killed over and over in the middle of its work: starting pods, mounting volumes, ending pods. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { allPods, apply, converges, importSleep, runningContainers, sleepers, sources } from '../../framework/pod-checks.ts';

const kills = 20;

let cluster: Cluster;
let server: ReturnType<Cluster['begin']>;

beforeAll(async () => {
  cluster = await Cluster.create({ clusterCIDR: '198.18.48.0/20', serviceCIDR: '198.19.48.0/20', bridgeName: 'bramble-p3', extraFlags: ['--node-port-range', '30300-30399'] });
  // Parts of their own, so that no supervisor's back-off slows the killing down.
  server = cluster.begin('server');
  await eventually(() => server.output().includes('Control plane is ready'), { timeoutMs: 60_000 });
  await importSleep(cluster.dockerHost);
});

afterAll(async () => {
  server.process.kill('SIGTERM');
  await server.exit;
  await cluster.destroy();
});

describe('an agent that is killed at work', { timeout: 240_000 }, () => {
  it('runs no container twice and forgets none', async () => {
    await apply(cluster, ...sources('anchor'), ...sources('busy'), sleepers('anchor', 1, { mounts: true }));
    const first = cluster.begin('agent');
    await converges(cluster, new Map([['anchor', 1]]));
    const before = await runningContainers(cluster, 'anchor');
    first.process.kill('SIGKILL');
    await first.exit;

    for (let kill = 0; kill < kills; kill++) {
      const agent = cluster.begin('agent');
      await eventually(() => agent.output().includes('agent started') || agent.process.exitCode !== null, { timeoutMs: 30_000, everyMs: 10 });
      expect(agent.process.exitCode, agent.output()).toBe(null);
      const step = kill % 4;
      if (step === 0) await apply(cluster, sleepers('busy', 3, { mounts: true, version: String(kill) }));
      else if (step === 2) await cluster.kubectl.run(['delete', 'pods', '-l', 'app=busy', '--wait=false']);
      else if (step === 3) await cluster.kubectl.run(['scale', 'deployment/busy', `--replicas=${kill % 3}`]);
      // A little later each time: through looking, mounting, the sandbox, the container, their ends.
      await new Promise((resolve) => setTimeout(resolve, (kill * 37) % 700));
      agent.process.kill('SIGKILL');
      await agent.exit;
      const names = [...(await cluster.containers()).values()];
      expect(new Set(names).size).toBe(names.length);
    }

    await apply(cluster, sleepers('busy', 3, { mounts: true, version: 'last' }));
    const last = cluster.begin('agent');
    await converges(cluster, new Map([['anchor', 1], ['busy', 3]]));
    expect(await runningContainers(cluster, 'anchor')).toEqual(before);
    await cluster.kubectl.run(['delete', 'deployment', 'busy', '--wait=false']);
    await converges(cluster, new Map([['anchor', 1]]));
    expect((await allPods(cluster)).map((pod) => pod.status!.containerStatuses![0]!.restartCount)).toEqual([0]);
    last.process.kill('SIGTERM');
    expect(await last.exit).toBe(0);
  });
});
