import type { Pod } from '../../api/core.ts';
import { readinessGateStates } from '../../api/pod-readiness.ts';

/**
 * The part of a pod that the board acts on, as text to compare: everything but what the board itself reported. Of the
 * status only what others set: the end of the pod, and the conditions its readiness gates wait for.
 */
export function podSubstance(pod: Pod): string {
  const { resourceVersion: _resourceVersion, managedFields: _managedFields, ...metadata } = pod.metadata ?? {};
  const phase = pod.status?.phase;
  return JSON.stringify([metadata, pod.spec, phase === 'Failed' || phase === 'Succeeded' ? phase : '', readinessGateStates(pod)]);
}
