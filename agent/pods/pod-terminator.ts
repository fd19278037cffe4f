/** Ends pods: containers side by side, then the sidecars that served them, then the sandbox, the volumes, the record. */
import type { Pod } from '../../api/core.ts';
import type { BoardFacts } from '../board-facts.ts';
import type { ContainerRuntime, RuntimeContainer, RuntimePod } from '../container-runtime/container-runtime.ts';
import type { StatusManager } from '../status/status-manager.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';
import type { ContainerKiller } from './container-killer.ts';
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
   * @param grace seconds; asked again whenever `shortened` has aborted, and by then smaller.
   */
  async terminate(pod: Pod, memory: PodMemory, grace: () => number, shortened: AbortSignal): Promise<void> {
    const { runtime, observer, statuses, volumes } = this.options;
    const before = await observer.look(pod);
    const stopped = await this.stop(pod, before, grace, shortened);
    const begun = statuses.previous(pod) !== undefined || stopped.containers.length > 0;
    const status = begun ? observer.report(pod, stopped, { memory, backingOff: new Map(), ended: true }) : undefined;
    await Promise.all(stopped.containers.map((container) => runtime.removeContainer(container.id)));
    await Promise.all(stopped.sandboxes.map((sandbox) => runtime.removeSandbox(sandbox.id)));
    observer.release(stopped);
    await volumes.tearDown(pod.metadata?.uid ?? '');
    statuses.reportTerminated(pod, status);
  }

  /** Stops containers and sandbox. @returns what is there then. */
  async stop(pod: Pod, runtimePod: RuntimePod, grace: () => number, shortened: AbortSignal): Promise<RuntimePod> {
    const running = runtimePod.containers.filter((container) => container.phase === 'running');
    const sandbox = runningSandbox(runtimePod);
    if (running.length === 0 && !sandbox) return runtimePod;
    const { sidecars, others } = split(pod, running);
    await this.kill(pod, runtimePod, others, grace, shortened);
    for (const sidecar of sidecars) await this.kill(pod, runtimePod, [sidecar], grace, shortened);
    const stopped = await this.options.observer.look(pod);
    if (sandbox) await this.options.runtime.stopSandbox(sandbox.id);
    return stopped;
  }

  private async kill(pod: Pod, runtimePod: RuntimePod, containers: readonly RuntimeContainer[], grace: () => number, shortened: AbortSignal): Promise<void> {
    if (containers.length === 0) return;
    const { killer, runtime, facts } = this.options;
    const address = (isHostNetwork(pod) ? facts.hostIPs()[0] : runningSandbox(runtimePod)?.ip) ?? '';
    const kills = Promise.all(containers.map((container) => killer.kill({
      pod, container, spec: findContainer(pod, container.name), message: `Stopping container ${container.name}`, graceSeconds: grace(), address, signal: shortened,
    })));
    // Less time than it began with: the engine takes the earlier of two stops.
    const hasten = () => {
      Promise.all(containers.map((container) => runtime.stopContainer(container.id, grace()))).catch(() => undefined);
    };
    shortened.addEventListener('abort', hasten, { once: true });
    try {
      await kills;
    } finally {
      shortened.removeEventListener('abort', hasten);
    }
  }
}

/** Sidecars end after the containers, the last begun first. */
function split(pod: Pod, running: readonly RuntimeContainer[]): { sidecars: RuntimeContainer[]; others: RuntimeContainer[] } {
  const names = (pod.spec?.initContainers ?? []).filter(isSidecar).map((container) => container.name);
  const sidecars = names.toReversed().flatMap((name) => running.filter((container) => container.name === name));
  return { sidecars, others: running.filter((container) => !names.includes(container.name)) };
}
