/** `bramble down`: takes everything of this board's agent off the machine, also when no agent and no control plane run. */
import { systemClock } from '../machinery/clock.ts';
import { silentLogger, type Logger } from '../machinery/logger.ts';
import { RuntimeError, type ContainerRuntime } from './container-runtime/container-runtime.ts';
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
const removalMs = 60_000;
const lookAgainMs = 100;

/**
 * Stops and removes containers, then volumes, network, routes and rules. Idempotent. The agent must not run.
 * @returns how many containers there were, without sandboxes.
 */
export async function removeAllPods(options: RemoveOptions): Promise<number> {
  const { logger = silentLogger } = options;
  const compiled = compileAgentOptions({ ...options, credentialsFile: '' });
  const { runtime, network } = await makeDockerHost(compiled, { clock: systemClock, logger });
  const containers = await removeContainers(runtime);
  const volumes = new DirectoryVolumeManager({
    dataDir: compiled.agentDir, state: { configMap: () => undefined, secret: () => undefined },
    facts: () => ({ nodeName: compiled.boardName, hostIPs: [], podIPs: [], allocatable: {} }),
    mounter: new SystemMounter({ log: logger }), clock: systemClock, log: logger, processId: process.pid,
  });
  for (const uid of await volumes.podsWithVolumes()) await volumes.tearDown(uid);
  await network.remove();
  return containers;
}

/**
 * Looks again until the engine lists nothing: it may still be starting or removing what an agent that was killed had asked
 * for. @returns how many containers there were. @throws RuntimeError when some cannot be removed.
 */
async function removeContainers(runtime: ContainerRuntime): Promise<number> {
  const seen = new Set<string>();
  const deadline = systemClock.monotonic() + removalMs;
  for (;;) {
    const pods = await runtime.listPods();
    if (pods.length === 0) return seen.size;
    if (systemClock.monotonic() > deadline) throw new RuntimeError('RemoveContainerError', `the container engine does not let go of the pods ${pods.map((pod) => `${pod.namespace}/${pod.name}`).join(', ')}`);
    const containers = pods.flatMap((pod) => pod.containers);
    for (const { id } of containers) seen.add(id);
    await Promise.all(containers.filter((container) => container.phase === 'running').map((container) => runtime.stopContainer(container.id, graceSeconds)));
    await Promise.all(containers.map((container) => runtime.removeContainer(container.id)));
    // One after the other: Docker 20.10 can lose count of a network's endpoints when several go at once, and then keeps the network.
    for (const { id } of pods.flatMap((pod) => pod.sandboxes)) await runtime.removeSandbox(id);
    await systemClock.sleep(lookAgainMs);
  }
}
