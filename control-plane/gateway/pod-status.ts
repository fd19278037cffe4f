/** Merges what a board reports of a pod into the pod's status. Follows pkg/kubelet/status and pkg/util/pod. */
import type { Pod, PodCondition, PodStatus } from '../../api/core.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { isOver } from './trim-objects.ts';

/** Conditions that a kubelet sets. All others (PodScheduled, DisruptionTarget ...) stay as they are. */
const ownedConditions = new Set(['Initialized', 'Ready', 'ContainersReady', 'PodReadyToStartContainers', 'PodResizePending', 'PodResizeInProgress']);

/** @returns the new status, or undefined when the report changes nothing or comes too late. */
export function mergePodStatus(pod: Pod, reported: PodStatus): PodStatus | undefined {
  const current = pod.status ?? {};
  // A pod that ended does not come back to life: this report was under way when it was decided.
  if (isOver(pod) && reported.phase !== current.phase) return undefined;
  const merged: PodStatus = {
    ...current,
    phase: reported.phase ?? current.phase,
    message: reported.message,
    reason: reported.reason,
    hostIP: reported.hostIP ?? current.hostIP,
    hostIPs: reported.hostIPs ?? current.hostIPs,
    podIP: reported.podIP,
    podIPs: reported.podIPs,
    startTime: current.startTime ?? reported.startTime,
    initContainerStatuses: reported.initContainerStatuses,
    containerStatuses: reported.containerStatuses,
    ephemeralContainerStatuses: reported.ephemeralContainerStatuses ?? current.ephemeralContainerStatuses,
    conditions: mergeConditions(current.conditions ?? [], reported.conditions ?? []),
    ...observedGeneration(reported),
  };
  if (isOver(pod)) keepRecord(merged, current);
  return deepEqual(merged, current) ? undefined : merged;
}

/**
 * How a pod ended is written once. A board whose agent was killed right afterwards looks at what is left of it, and that is
 * less: the last words went with the volumes, the address with the sandbox.
 */
function keepRecord(merged: PodStatus, current: PodStatus): void {
  merged.reason ??= current.reason;
  merged.message ??= current.message;
  merged.podIP ??= current.podIP;
  merged.podIPs ??= current.podIPs;
  merged.initContainerStatuses = keepEnds(merged.initContainerStatuses, current.initContainerStatuses);
  merged.containerStatuses = keepEnds(merged.containerStatuses, current.containerStatuses);
}

function keepEnds(reported: PodStatus['containerStatuses'], current: PodStatus['containerStatuses']): PodStatus['containerStatuses'] {
  return reported?.map((status) => current?.find(({ name, state }) => name === status.name && state?.terminated) ?? status);
}

/** Of Kubernetes 1.36's PodStatus, not yet in the types. */
function observedGeneration(reported: PodStatus): object {
  const { observedGeneration: generation } = reported as { observedGeneration?: number };
  return generation === undefined ? {} : { observedGeneration: generation };
}

function mergeConditions(current: readonly PodCondition[], reported: readonly PodCondition[]): PodCondition[] {
  const owned = reported.filter(({ type }) => ownedConditions.has(type)).map((condition) => {
    const before = current.find(({ type }) => type === condition.type);
    return before?.status === condition.status && before.lastTransitionTime
      ? { ...condition, lastTransitionTime: before.lastTransitionTime }
      : condition;
  });
  return [...owned, ...current.filter(({ type }) => !ownedConditions.has(type))];
}
