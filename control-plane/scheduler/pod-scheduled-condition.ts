import type { Pod, PodCondition } from '../../api/core.ts';
import { timestamp } from '../../machinery/clock.ts';

/** @returns the pod with the condition, or undefined when it says so already. Follows podutil.UpdatePodCondition. */
export function withPodScheduled(pod: Pod, wanted: { reason: string; message: string }, now: number): Pod | undefined {
  const conditions = pod.status?.conditions ?? [];
  const present = conditions.find(({ type }) => type === 'PodScheduled');
  if (present?.status === 'False' && present.reason === wanted.reason && present.message === wanted.message) return undefined;
  const condition: PodCondition = {
    type: 'PodScheduled', status: 'False', ...wanted,
    lastTransitionTime: present?.status === 'False' ? present.lastTransitionTime : timestamp(now),
  };
  return { ...pod, status: { ...pod.status, conditions: [...conditions.filter(({ type }) => type !== 'PodScheduled'), condition] } };
}
