/** Tells in a pod's status why the cluster ends it, before it does. Follows the condition DisruptionTarget of Kubernetes. */
import type { Pod, PodCondition } from '../../api/core.ts';
import { isNotFound } from '../../api/errors.ts';
import type { ResourceClient } from '../../machinery/client.ts';
import { timestamp } from '../../machinery/clock.ts';

export interface Disruption {
  reason: 'DeletionByTaintManager' | 'DeletionByPodGC';
  message: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** Also marks an unfinished pod Failed: nobody else is left to say how it ended. */
  fail: boolean;
}

/** @returns false when the pod is gone already. */
export async function markDisrupted(client: ResourceClient<Pod>, pod: Pod, { reason, message, now, fail }: Disruption): Promise<boolean> {
  const { name = '', namespace, uid } = pod.metadata ?? {};
  const condition: PodCondition = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime: timestamp(now) };
  try {
    await client.modify(name, namespace, (copy) => {
      const finished = copy.status?.phase === 'Failed' || copy.status?.phase === 'Succeeded';
      const marked = copy.status?.conditions?.some(({ type, status, reason: why }) => type === condition.type && status === 'True' && why === reason);
      if (copy.metadata?.uid !== uid || (marked && (finished || !fail))) return undefined;
      const others = (copy.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
      return { ...copy, status: { ...copy.status, conditions: [...others, condition], ...(fail && !finished ? { phase: 'Failed' } : {}) } };
    }, 'status');
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
