/** What a pod's status says about it. Follows k8s.io/kubernetes/pkg/api/v1/pod. */
import type { Pod, PodCondition } from '../../api/core.ts';

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Milliseconds since the epoch at which the pod turned ready, undefined when it is not or did not say. */
export function podReadySince(pod: Pod): number | undefined {
  const condition = podCondition(pod, 'Ready');
  if (condition?.status !== 'True' || !condition.lastTransitionTime) return undefined;
  return Date.parse(condition.lastTransitionTime);
}

/**
 * Milliseconds until the pod counts as available: 0 when it does, Infinity when it is not ready.
 * @param minReadySeconds how long it must have been ready.
 */
export function millisecondsUntilAvailable(pod: Pod, minReadySeconds: number, now: number): number {
  if (!isPodReady(pod)) return Infinity;
  if (minReadySeconds <= 0) return 0;
  const since = podReadySince(pod);
  if (since === undefined) return Infinity;
  return Math.max(0, since + minReadySeconds * 1000 - now);
}

/** Its containers have run to their end and will not run again. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isPodTerminating(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined;
}

/** Counts for its controller: neither finished nor on its way out. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && !isPodTerminating(pod);
}
