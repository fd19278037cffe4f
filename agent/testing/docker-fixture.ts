/** A Docker engine with the images and the network that agent tests need, and everything to take them away again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BoardNetwork } from '../../api/messaging/messages.ts';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { startDockerDaemon } from '../../machinery/testing/docker-daemon.ts';
import type { DockerClient } from '../docker/docker-client.ts';
import { makeDockerHost } from '../docker-host.ts';
import { ensureSandboxImage } from '../docker/sandbox-image.ts';
import type { DockerRuntime } from '../docker/docker-runtime.ts';
import type { DockerNetwork } from '../network/docker-network.ts';
import { compileAgentOptions, type CompiledAgentOptions } from '../options.ts';
import { busyboxImage, ensureTestImage } from './test-images.ts';

export interface DockerFixture {
  host: string;
  client: DockerClient;
  runtime: DockerRuntime;
  network: DockerNetwork;
  boardNetwork: BoardNetwork;
  options: CompiledAgentOptions;
  dataDir: string;
  image: { name: string; id: string };
  stop(): Promise<void>;
}

/** Beside the ranges of other tests. */
export const fixtureNetwork: BoardNetwork = {
  podCIDR: '198.18.201.0/24', clusterCIDR: '198.18.192.0/19', serviceCIDR: '198.19.0.0/20', dnsAddress: '198.19.0.10', clusterDomain: 'cluster.local',
};

/** @param boardName tells fixtures of the same machine apart; so does the directory. */
export async function startDockerFixture(boardName: string, bridgeName: string): Promise<DockerFixture> {
  const daemon = await startDockerDaemon();
  const dataDir = await mkdtemp(join(tmpdir(), 'bramble-agent-'));
  const options = compileAgentOptions({ dataDir, boardName, credentialsFile: '', dockerHost: daemon.host, bridgeName });
  const { client, runtime, network } = await makeDockerHost(options, { clock: systemClock, logger: silentLogger });
  await ensureSandboxImage(client);
  const name = await ensureTestImage(client, busyboxImage);
  const image = { name, id: (await client.inspectImage(name)).Id };
  await network.ready(fixtureNetwork);
  return {
    host: daemon.host, client, runtime, network, boardNetwork: fixtureNetwork, options, dataDir, image,
    async stop() {
      try {
        for (const pod of await runtime.listPods()) {
          await Promise.all(pod.containers.map((container) => runtime.removeContainer(container.id)));
          await Promise.all(pod.sandboxes.map((sandbox) => runtime.removeSandbox(sandbox.id)));
        }
        await network.remove();
      } finally {
        await daemon.stop();
        await rm(dataDir, { recursive: true, force: true });
      }
    },
  };
}
