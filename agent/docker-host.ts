/** The parts of the agent that stand on Docker, made together: the agent and the removal of its pods both need them. */
import type { Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import { DockerRuntime } from './docker/docker-runtime.ts';
import { sandboxImage } from './docker/sandbox-image.ts';
import { engineMayLowerOomScore } from './docker/negative-oom-score.ts';
import type { DockerClient } from './docker/docker-client.ts';
import { DockerNetwork } from './network/docker-network.ts';
import { runCommand } from './network/run-command.ts';
import type { CompiledAgentOptions } from './options.ts';

export interface DockerHost {
  client: DockerClient;
  runtime: DockerRuntime;
  network: DockerNetwork;
}

export async function makeDockerHost(options: CompiledAgentOptions, { clock, logger }: { clock: Clock; logger: Logger }): Promise<DockerHost> {
  // dockerode takes 20 MB: whoever only reads this module's types does not pay for it.
  const { createDockerClient } = await import('./docker/dockerode-client.ts');
  const client = createDockerClient(options.dockerHost);
  const negativeOomScore = await engineMayLowerOomScore();
  if (!negativeOomScore) logger.info('this machine may not lower oom_score_adj (no CAP_SYS_RESOURCE): pods run without');
  const { agentId, networkName, agentDir, bridgeName } = options;
  const runtime = new DockerRuntime({ client, clock, logger, dataDir: agentDir, settings: { agentId, networkName, sandboxImage, negativeOomScore } });
  const network = new DockerNetwork({ client, logger, agentId, name: networkName, bridge: bridgeName, run: runCommand });
  return { client, runtime, network };
}
