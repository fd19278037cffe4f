/** `bramble down`: takes everything of this board's agent off the machine, also when no agent and no control plane run. */
import { systemClock } from '../machinery/clock.ts';
import { silentLogger, type Logger } from '../machinery/logger.ts';
import { makeDockerHost } from './docker-host.ts';
import { compileAgentOptions } from './options.ts';
import { DirectoryVolumeManager } from './volumes/directory-volume-manager.ts';
import { SystemMounter } from './volumes/mounter.ts';

export interface RemoveOptions {
  dataDir: string;
  boardName: string;
  dockerHost?: string;
  bridgeName?: string;
  logger?: Logger;
}

/** Nobody is there to wait for its grace period; databases still get a moment. */
const graceSeconds = 5;

/**
 * Stops and removes containers, then volumes, network, routes and rules. Idempotent. The agent must not run.
 * @returns how many containers there were, without sandboxes.
 */
export async function removeAllPods(options: RemoveOptions): Promise<number> {
  const { logger = silentLogger } = options;
  const compiled = compileAgentOptions({ ...options, credentialsFile: '' });
  const { runtime, network } = await makeDockerHost(compiled, { clock: systemClock, logger });
  const pods = await runtime.listPods();
  const containers = pods.flatMap((pod) => pod.containers);
  await Promise.all(containers.filter((container) => container.phase === 'running').map((container) => runtime.stopContainer(container.id, graceSeconds)));
  await Promise.all(containers.map((container) => runtime.removeContainer(container.id)));
  await Promise.all(pods.flatMap((pod) => pod.sandboxes).map((sandbox) => runtime.removeSandbox(sandbox.id)));
  const volumes = new DirectoryVolumeManager({
    dataDir: compiled.agentDir, state: { configMap: () => undefined, secret: () => undefined },
    facts: () => ({ nodeName: compiled.boardName, hostIPs: [], podIPs: [], allocatable: {} }),
    mounter: new SystemMounter({ log: logger }), clock: systemClock, log: logger, processId: process.pid,
  });
  for (const uid of await volumes.podsWithVolumes()) await volumes.tearDown(uid);
  await network.remove();
  return containers.length;
}
