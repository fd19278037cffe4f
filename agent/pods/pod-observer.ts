/** Looks at what the engine has of a pod, keeps the probes in step with it and makes and reports its status. */
import type { Container, Pod, PodStatus } from '../../api/core.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { BoardFacts } from '../board-facts.ts';
import type { ContainerRuntime, RuntimePod } from '../container-runtime/container-runtime.ts';
import type { ProberManager } from '../prober/prober-manager.ts';
import { makePodStatus } from '../status/make-pod-status.ts';
import type { StatusManager } from '../status/status-manager.ts';
import type { TerminationMessages } from '../status/termination-messages.ts';
import type { BackOffWait } from './container-back-off.ts';
import { runningSandbox } from './pod-actions.ts';
import type { PodMemory } from './pod-memory.ts';
import { isHostNetwork, podIdentity } from './pod-spec.ts';

export interface PodObserverOptions {
  runtime: Pick<ContainerRuntime, 'getPod'>;
  prober: ProberManager;
  statuses: StatusManager;
  messages: TerminationMessages;
  facts: BoardFacts;
  clock: Clock;
}

export interface StatusContext {
  memory: PodMemory;
  backingOff: ReadonlyMap<string, BackOffWait>;
  ended: boolean;
}

export class PodObserver {
  private readonly options: PodObserverOptions;

  constructor(options: PodObserverOptions) {
    this.options = options;
  }

  async look(pod: Pod): Promise<RuntimePod> {
    const runtimePod = await this.options.runtime.getPod(podIdentity(pod));
    await this.options.messages.read(runtimePod.containers, (name) => findContainer(pod, name));
    this.trackProbes(pod, runtimePod);
    return runtimePod;
  }

  /** @returns the status, which has been reported if it is news. */
  report(pod: Pod, runtimePod: RuntimePod, context: StatusContext): PodStatus {
    const { statuses, prober, messages, facts, clock } = this.options;
    const status = makePodStatus({
      pod, runtimePod,
      probeState: (id) => prober.state(id),
      backingOff: context.backingOff,
      failures: context.memory.failures,
      terminationMessage: (id) => messages.get(id),
      previous: statuses.previous(pod),
      ended: context.ended,
      failure: context.memory.ended,
      hostIPs: facts.hostIPs(),
      now: clock.now(),
    });
    statuses.report(pod, status);
    return status;
  }

  /** Stops probing everything of a pod and forgets the last words of its containers. */
  release(runtimePod: RuntimePod): void {
    for (const container of runtimePod.containers) this.options.prober.untrack(container.id);
    this.options.messages.forget(runtimePod.containers.map((container) => container.id));
  }

  private trackProbes(pod: Pod, runtimePod: RuntimePod): void {
    const { prober, facts } = this.options;
    const sandbox = runningSandbox(runtimePod);
    const address = (isHostNetwork(pod) ? facts.hostIPs()[0] : sandbox?.ip) ?? '';
    for (const runtimeContainer of runtimePod.containers) {
      const container = findContainer(pod, runtimeContainer.name);
      if (!container || runtimeContainer.phase !== 'running') {
        prober.untrack(runtimeContainer.id);
        continue;
      }
      prober.track({ pod, container, containerId: runtimeContainer.id, address, startedAt: runtimeContainer.startedAt ?? runtimeContainer.createdAt });
    }
  }
}

export function findContainer(pod: Pod, name: string): Container | undefined {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].find((container) => container.name === name);
}
