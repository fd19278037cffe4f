/**
 * The rolling update as a plan: which ReplicaSets get which size next. Follows
 * k8s.io/kubernetes/pkg/controller/deployment/rolling.go.
 */
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import { allReplicaSets, desiredSize, totalDesired } from './replica-set-selection.ts';
import type { DeploymentReplicaSets } from './replica-set-selection.ts';
import { isRollingUpdate, maxSurge, maxUnavailable } from './rollout-limits.ts';

export interface Resize {
  replicaSet: ReplicaSet;
  replicas: number;
}

/** The size that the new ReplicaSet may have now, within maxSurge. Also its first size when it does not exist yet. */
export function newReplicaSetSize(deployment: Deployment, replicaSets: DeploymentReplicaSets): number {
  const desired = deployment.spec?.replicas ?? 1;
  if (!isRollingUpdate(deployment)) return desired;
  const present = desiredSize(replicaSets.newReplicaSet);
  if (present >= desired) return desired;
  const room = desired + maxSurge(deployment) - totalDesired(allReplicaSets(replicaSets));
  return room <= 0 ? present : present + Math.min(room, desired - present);
}

/**
 * The next step of a rolling update; the new ReplicaSet's comes first and alone, so that old pods only go when its pods are
 * counted. Empty when there is nothing to do now.
 */
export function planRollingUpdate(deployment: Deployment, replicaSets: DeploymentReplicaSets): Resize[] {
  const { newReplicaSet } = replicaSets;
  if (newReplicaSet) {
    const size = newReplicaSetSize(deployment, replicaSets);
    if (size !== desiredSize(newReplicaSet)) return [{ replicaSet: newReplicaSet, replicas: size }];
  }
  return planOldReplicaSets(deployment, replicaSets);
}

/**
 * Old pods go as far as maxUnavailable allows: those that are not available first, as they serve nobody.
 */
export function planOldReplicaSets(deployment: Deployment, replicaSets: DeploymentReplicaSets): Resize[] {
  const { newReplicaSet, oldReplicaSets } = replicaSets;
  const all = allReplicaSets(replicaSets);
  const minAvailable = (deployment.spec?.replicas ?? 1) - maxUnavailable(deployment);
  // Pods of the new ReplicaSet that are not available yet may not stand in for old ones.
  const newUnavailable = desiredSize(newReplicaSet) - (newReplicaSet?.status?.availableReplicas ?? 0);
  const removable = totalDesired(all) - minAvailable - newUnavailable;
  if (totalDesired(oldReplicaSets) === 0 || removable <= 0) return [];
  const sizes = new Map(oldReplicaSets.map((replicaSet) => [replicaSet, desiredSize(replicaSet)]));
  removeUnavailable(sizes, removable);
  removeAvailable(sizes, all.reduce((sum, replicaSet) => sum + lastingAvailable(replicaSet), 0) - minAvailable);
  return [...sizes].filter(([replicaSet, size]) => size !== desiredSize(replicaSet)).map(([replicaSet, replicas]) => ({ replicaSet, replicas }));
}

/** Available pods above the wanted size are about to go: a status that still counts them must not let others go for them. */
function lastingAvailable(replicaSet: ReplicaSet): number {
  return Math.min(desiredSize(replicaSet), replicaSet.status?.availableReplicas ?? 0);
}

function removeUnavailable(sizes: Map<ReplicaSet, number>, limit: number): void {
  let budget = limit;
  for (const [replicaSet, size] of sizes) {
    const count = Math.max(0, Math.min(budget, size - (replicaSet.status?.availableReplicas ?? 0)));
    sizes.set(replicaSet, size - count);
    budget -= count;
  }
}

function removeAvailable(sizes: Map<ReplicaSet, number>, limit: number): void {
  let budget = Math.max(0, limit);
  for (const [replicaSet, size] of sizes) {
    const count = Math.min(budget, size);
    sizes.set(replicaSet, size - count);
    budget -= count;
  }
}
