/** The phase of a pod from the statuses of its containers. Pure. Follows kubelet's getPhase. */
import type { ContainerStatus, Pod } from '../../api/core.ts';
import { isSidecar, podRestartPolicy } from '../pods/restart-policy.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PhaseInput {
  pod: Pod;
  initStatuses: readonly ContainerStatus[];
  statuses: readonly ContainerStatus[];
  /** Nothing of the pod will run again. */
  ended: boolean;
}

/**
 *   Pending ──► Running ──► Succeeded | Failed     (the latter two are for good)
 *      └───────────────────────▲
 */
export function podPhase(input: PhaseInput): PodPhase {
  const { pod, statuses } = input;
  const initial = initPhase(input);
  if (initial === 'Failed') return 'Failed';
  const count = { running: 0, waiting: 0, stopped: 0, succeeded: 0 };
  for (const status of statuses) {
    if (status.state?.running) count.running += 1;
    else if (status.state?.terminated) {
      count.stopped += 1;
      if (status.state.terminated.exitCode === 0) count.succeeded += 1;
    } else if (status.lastState?.terminated) count.stopped += 1;
    else count.waiting += 1;
  }
  if (input.ended) return statuses.length > 0 && count.succeeded === statuses.length ? 'Succeeded' : 'Failed';
  if (initial === 'Pending' || count.waiting > 0 || statuses.length === 0) return 'Pending';
  if (count.running > 0) return 'Running';
  return stoppedPhase(pod, count.stopped === count.succeeded);
}

/** All containers have stopped: whether that is the end is the restart policy's to say. */
function stoppedPhase(pod: Pod, allSucceeded: boolean): PodPhase {
  const policy = podRestartPolicy(pod);
  if (policy === 'Always') return 'Running';
  if (allSucceeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

function initPhase({ pod, initStatuses }: PhaseInput): 'Pending' | 'Failed' | 'Done' {
  let pending = false;
  for (const container of pod.spec?.initContainers ?? []) {
    const status = initStatuses.find((other) => other.name === container.name);
    const terminated = status?.state?.terminated;
    if (isSidecar(container)) {
      if (status?.started !== true && !terminated && !status?.lastState?.terminated) pending = true;
    } else if (!terminated) {
      pending = true;
    } else if (terminated.exitCode !== 0) {
      if (podRestartPolicy(pod) === 'Never') return 'Failed';
      pending = true;
    }
  }
  return pending ? 'Pending' : 'Done';
}
