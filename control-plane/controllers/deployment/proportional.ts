/**
 * A Deployment that is scaled in the middle of a rollout (or while paused): the change is shared out among its ReplicaSets in
 * proportion to their size, which keeps the risk of the rollout where it was. Follows
 * k8s.io/kubernetes/pkg/controller/deployment/sync.go.
 */
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import { annotatedReplicas, desiredReplicasAnnotation, maxReplicasAnnotation } from './deployment-annotations.ts';
import { allReplicaSets, desiredSize, isActive, olderFirst, totalDesired } from './replica-set-selection.ts';
import type { DeploymentReplicaSets } from './replica-set-selection.ts';
import type { Resize } from './rolling.ts';
import { isRollingUpdate, maxSurge } from './rollout-limits.ts';

/** spec.replicas differs from what the active ReplicaSets were last told. */
export function isScalingEvent(deployment: Deployment, replicaSets: DeploymentReplicaSets): boolean {
  return allReplicaSets(replicaSets).filter(isActive).some((replicaSet) => {
    const annotated = annotatedReplicas(replicaSet, desiredReplicasAnnotation);
    return annotated !== undefined && annotated !== (deployment.spec?.replicas ?? 1);
  });
}

/** Each result may equal the present size: its annotations are then to be renewed. */
export function planScale(deployment: Deployment, replicaSets: DeploymentReplicaSets): Resize[] {
  const desired = deployment.spec?.replicas ?? 1;
  const only = activeOrLatest(replicaSets);
  if (only) return [{ replicaSet: only, replicas: desired }];
  const { newReplicaSet, oldReplicaSets } = replicaSets;
  if (newReplicaSet && isSaturated(deployment, newReplicaSet)) {
    return oldReplicaSets.filter(isActive).map((replicaSet) => ({ replicaSet, replicas: 0 }));
  }
  return isRollingUpdate(deployment) ? shareOut(deployment, allReplicaSets(replicaSets).filter(isActive)) : [];
}

/** The only active ReplicaSet, or where none is active the new (else the newest) one; undefined when several are active. */
function activeOrLatest(replicaSets: DeploymentReplicaSets): ReplicaSet | undefined {
  const active = allReplicaSets(replicaSets).filter(isActive);
  if (active.length === 0) return replicaSets.newReplicaSet ?? replicaSets.oldReplicaSets.at(-1);
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated(deployment: Deployment, replicaSet: ReplicaSet): boolean {
  const desired = deployment.spec?.replicas ?? 1;
  return annotatedReplicas(replicaSet, desiredReplicasAnnotation) === desired
    && desiredSize(replicaSet) === desired
    && (replicaSet.status?.availableReplicas ?? 0) === desired;
}

function shareOut(deployment: Deployment, active: readonly ReplicaSet[]): Resize[] {
  const desired = deployment.spec?.replicas ?? 1;
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0;
  const change = allowed - totalDesired(active);
  // The biggest first; among equals a growing Deployment favours the newer, a shrinking one takes from the older.
  const sorted = [...active].sort((left, right) =>
    desiredSize(right) - desiredSize(left) || (change > 0 ? olderFirst(right, left) : olderFirst(left, right)));
  let shared = 0;
  const sizes = sorted.map((replicaSet) => {
    const share = proportion(deployment, replicaSet, change - shared);
    shared += share;
    return desiredSize(replicaSet) + share;
  });
  // What rounding left over goes to the biggest.
  if (sizes[0] !== undefined) sizes[0] = Math.max(0, sizes[0] + change - shared);
  return sorted.map((replicaSet, index) => ({ replicaSet, replicas: sizes[index] ?? 0 }));
}

/** @param remaining what is still to be shared out; its sign bounds the share. */
function proportion(deployment: Deployment, replicaSet: ReplicaSet, remaining: number): number {
  if (remaining === 0) return 0;
  const fraction = idealChange(deployment, replicaSet);
  return remaining > 0 ? Math.min(fraction, remaining) : Math.max(fraction, remaining);
}

function idealChange(deployment: Deployment, replicaSet: ReplicaSet): number {
  const desired = deployment.spec?.replicas ?? 1;
  const size = desiredSize(replicaSet);
  if (desired === 0) return -size;
  const before = annotatedReplicas(replicaSet, maxReplicasAnnotation) ?? deployment.status?.replicas ?? 0;
  if (before === 0) return 0;
  return Math.round((size * (desired + maxSurge(deployment))) / before) - size;
}
