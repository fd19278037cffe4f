/** Small questions about a pod that several parts ask. */
import type { Pod } from '../../api/core.ts';

export interface PodIdentity {
  uid: string;
  namespace: string;
  name: string;
}

export function podIdentity(pod: Pod): PodIdentity {
  return { uid: pod.metadata?.uid ?? '', namespace: pod.metadata?.namespace ?? '', name: pod.metadata?.name ?? '' };
}

/** `name_namespace(uid)`, as kubelet's messages name a pod. */
export function formatPod(pod: Pod): string {
  const { uid, namespace, name } = podIdentity(pod);
  return `${name}_${namespace}(${uid})`;
}

export function isHostNetwork(pod: Pod): boolean {
  return pod.spec?.hostNetwork === true;
}

/** Succeeded and Failed are for good. */
export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

const defaultGraceSeconds = 30;

/** Seconds a pod has to end by itself: what its deletion says, else its spec. */
export function graceSeconds(pod: Pod): number {
  return pod.metadata?.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds;
}
