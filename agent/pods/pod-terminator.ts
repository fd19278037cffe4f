/** Ends pods: containers side by side, then the sidecars that served them, then the sandbox, the volumes, the record. */
import type { Pod } from '../../api/core.ts';
import type { BoardFacts } from '../board-facts.ts';
import type { ContainerRuntime, RuntimeContainer, RuntimePod } from '../container-runtime/container-runtime.ts';
import type { StatusManager } from '../status/status-manager.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';
import type { ContainerKiller } from './container-killer.ts';
import type { GracePeriod } from './grace-period.ts';
import { runningSandbox } from './pod-actions.ts';
import type { PodMemory } from './pod-memory.ts';
import { findContainer, type PodObserver } from './pod-observer.ts';
import { isHostNetwork } from './pod-spec.ts';
import { isSidecar } from './restart-policy.ts';

export interface PodTerminatorOptions {
  runtime: ContainerRuntime;
  killer: ContainerKiller;
  observer: PodObserver;
  statuses: StatusManager;
  volumes: VolumeManager;
  facts: BoardFacts;
}

export class PodTerminator {
  private readonly options: PodTerminatorOptions;

  constructor(options: PodTerminatorOptions) {
    this.options = options;
  }

  /**
   * Ends the pod and removes everything of it, then reports it terminated.
   * Can be called again after it failed.
   */
  async terminate(pod: Pod, memory: PodMemory, grace: GracePeriod): Promise<void> {
    const { runtime, observer, statuses, volumes } = this.options;
    const before = await observer.look(pod);
    const stopped = await this.stop(pod, before, grace);
    const begun = statuses.previous(pod) !== undefined || stopped.containers.length > 0;
    const status = begun ? observer.report(pod, stopped, { memory, backingOff: new Map(), ended: true }) : undefined;
    await Promise.all(stopped.containers.map((container) => runtime.removeContainer(container.id)));
    await Promise.all(stopped.sandboxes.map((sandbox) => runtime.removeSandbox(sandbox.id)));
    observer.release(stopped);
    await volumes.tearDown(pod.metadata?.uid ?? '');
    statuses.reportTerminated(pod, status);
  }

  /** Stops containers and sandbox. @returns what is there then. */
  async stop(pod: Pod, runtimePod: RuntimePod, grace: GracePeriod): Promise<RuntimePod> {
    const running = runtimePod.containers.filter((container) => container.phase === 'running');
    const sandbox = runningSandbox(runtimePod);
    if (running.length === 0 && !sandbox) return runtimePod;
    const { sidecars, others } = split(pod, running);
    await this.kill(pod, runtimePod, others, grace);
    for (const sidecar of sidecars) await this.kill(pod, runtimePod, [sidecar], grace);
    if (sandbox) await this.options.runtime.stopSandbox(sandbox.id);
    return this.options.observer.look(pod);
  }

  private async kill(pod: Pod, runtimePod: RuntimePod, containers: readonly RuntimeContainer[], grace: GracePeriod): Promise<void> {
    const { killer, facts } = this.options;
    const address = (isHostNetwork(pod) ? facts.hostIPs()[0] : runningSandbox(runtimePod)?.ip) ?? '';
    await Promise.all(containers.map((container) => killer.kill({
      pod, container, spec: findContainer(pod, container.name), message: `Stopping container ${container.name}`, grace, address,
    })));
  }
}

/** Sidecars end after the containers, the last begun first. */
function split(pod: Pod, running: readonly RuntimeContainer[]): { sidecars: RuntimeContainer[]; others: RuntimeContainer[] } {
  const names = (pod.spec?.initContainers ?? []).filter(isSidecar).map((container) => container.name);
  const sidecars = names.toReversed().flatMap((name) => running.filter((container) => container.name === name));
  return { sidecars, others: running.filter((container) => !names.includes(container.name)) };
}
