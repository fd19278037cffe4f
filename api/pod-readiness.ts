/** What the conditions of a pod say about who holds it for not ready. */
import type { Pod, PodStatus } from './core.ts';

function isTrue(status: PodStatus | undefined, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

/** The conditions that the pod's readiness gates wait for, as type and status. */
export function readinessGateStates({ spec, status }: Pod): [type: string, status: string][] {
  const gates = new Set(spec?.readinessGates?.map(({ conditionType }) => conditionType));
  if (gates.size === 0) return [];
  return (status?.conditions ?? []).filter(({ type }) => gates.has(type)).map(({ type, status: state }) => [type, state]);
}

/**
 * True when the pod's containers and gates are ready and its Ready condition is not. No board reports that: the node
 * lifecycle controller wrote it, while the board was silent or not ready, and only the board can take it back.
 */
export function isReadinessOverruled(pod: Pod): boolean {
  const { status } = pod;
  if (isTrue(status, 'Ready') || !isTrue(status, 'ContainersReady')) return false;
  return (pod.spec?.readinessGates ?? []).every(({ conditionType }) => isTrue(status, conditionType));
}
