/** Which old ReplicaSets are over spec.revisionHistoryLimit. */
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import { revisionOf } from './deployment-annotations.ts';
import { desiredSize } from './replica-set-selection.ts';

/** Kubernetes' default. */
const defaultLimit = 10;

/** @returns those to delete, oldest revision first. One that still has pods, or whose status is not up to date, stays. */
export function planHistoryCleanup(deployment: Deployment, oldReplicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  const alive = oldReplicaSets.filter((replicaSet) => !replicaSet.metadata?.deletionTimestamp);
  const surplus = alive.length - (deployment.spec?.revisionHistoryLimit ?? defaultLimit);
  if (surplus <= 0) return [];
  return [...alive].sort((left, right) => Number(revisionOf(left) - revisionOf(right))).slice(0, surplus).filter(isSpent);
}

function isSpent(replicaSet: ReplicaSet): boolean {
  return desiredSize(replicaSet) === 0 && (replicaSet.status?.replicas ?? 0) === 0
    && (replicaSet.metadata?.generation ?? 0) <= (replicaSet.status?.observedGeneration ?? 0);
}
