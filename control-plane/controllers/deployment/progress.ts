/** Is the rollout getting anywhere? Follows k8s.io/kubernetes/pkg/controller/deployment/progress.go. */
import type { Deployment, DeploymentCondition, DeploymentStatus } from '../../../api/apps.ts';
import { conditionTypes, getCondition, newCondition, reasons, replaceCondition, withCondition, withoutCondition } from './deployment-conditions.ts';
import { calculateDeploymentStatus, isDeploymentComplete } from './deployment-status.ts';
import type { DeploymentStatusWithTerminating } from './deployment-status.ts';
import { allReplicaSets } from './replica-set-selection.ts';
import type { DeploymentReplicaSets } from './replica-set-selection.ts';

/** Kubernetes' way to write "none": the greatest 32-bit integer. */
const noDeadline = 2 ** 31 - 1;

/** Kubernetes' default, seconds. */
const defaultDeadline = 600;

/** Seconds, undefined when the Deployment has none. */
export function progressDeadline(deployment: Deployment): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds ?? defaultDeadline;
  return seconds === noDeadline ? undefined : seconds;
}

/**
 * The status during a rollout: counts, Available, Progressing, ReplicaFailure.
 * @param deployment as stored, with what this reconcile has already added to status.conditions.
 * @param stored the status to compare with: progress is a change against it.
 */
export function calculateRolloutStatus(
  deployment: Deployment, stored: DeploymentStatus | undefined, replicaSets: DeploymentReplicaSets, now: number,
): DeploymentStatusWithTerminating {
  const status = calculateDeploymentStatus(deployment, replicaSets, now);
  const withProgress = progressDeadline(deployment) === undefined
    ? withoutCondition(status.conditions ?? [], conditionTypes.progressing)
    : estimateProgress(deployment, stored, status, replicaSets, now);
  const failure = replicaFailure(replicaSets);
  const conditions = failure ? withCondition(withProgress, failure) : withoutCondition(withProgress, conditionTypes.replicaFailure);
  return { ...status, conditions };
}

function estimateProgress(
  deployment: Deployment, stored: DeploymentStatus | undefined, status: DeploymentStatus, replicaSets: DeploymentReplicaSets, now: number,
): DeploymentCondition[] {
  const conditions = status.conditions ?? [];
  const current = getCondition(deployment.status, conditionTypes.progressing);
  // A rollout that has finished is not estimated again: a pod that fails later is not a rollout without progress.
  if (status.replicas === status.updatedReplicas && current?.reason === reasons.newReplicaSetAvailable) return conditions;
  const subject = replicaSets.newReplicaSet ? `ReplicaSet "${replicaSets.newReplicaSet.metadata?.name}"` : `Deployment "${deployment.metadata?.name}"`;
  const condition = (value: 'True' | 'False', reason: string, what: string) => newCondition(conditionTypes.progressing, value, reason, `${subject} ${what}`, now);
  if (isDeploymentComplete(deployment, status)) return withCondition(conditions, condition('True', reasons.newReplicaSetAvailable, 'has successfully progressed.'));
  if (hasProgressed(stored, status)) return replaceCondition(conditions, condition('True', reasons.replicaSetUpdated, 'is progressing.'));
  if (hasTimedOut(deployment, current, now)) return withCondition(conditions, condition('False', reasons.progressDeadlineExceeded, 'has timed out progressing.'));
  return conditions;
}

function hasProgressed(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const count = (status: DeploymentStatus | undefined, field: 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas') => status?.[field] ?? 0;
  const old = (status: DeploymentStatus | undefined) => count(status, 'replicas') - count(status, 'updatedReplicas');
  return count(after, 'updatedReplicas') > count(before, 'updatedReplicas')
    || old(after) < old(before)
    || count(after, 'readyReplicas') > count(before, 'readyReplicas')
    || count(after, 'availableReplicas') > count(before, 'availableReplicas');
}

function hasTimedOut(deployment: Deployment, current: DeploymentCondition | undefined, now: number): boolean {
  const deadline = progressDeadline(deployment);
  if (!current || deadline === undefined || current.reason === reasons.newReplicaSetAvailable) return false;
  if (current.reason === reasons.progressDeadlineExceeded) return true;
  return now > Date.parse(current.lastUpdateTime ?? '') + deadline * 1000;
}

/** A failure of the new ReplicaSet counts before one of an old one. */
function replicaFailure(replicaSets: DeploymentReplicaSets): DeploymentCondition | undefined {
  for (const replicaSet of allReplicaSets(replicaSets).reverse()) {
    const found = replicaSet.status?.conditions?.find((condition) => condition.type === conditionTypes.replicaFailure);
    if (found) return { ...found, ...(found.lastTransitionTime ? { lastUpdateTime: found.lastTransitionTime } : {}) };
  }
  return undefined;
}

/** Milliseconds after which the deadline is to be checked, undefined when it is not. */
export function nextProgressCheck(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const deadline = progressDeadline(deployment);
  const current = getCondition(status, conditionTypes.progressing);
  if (deadline === undefined || !current || deployment.spec?.paused) return undefined;
  if (isDeploymentComplete(deployment, status) || current.reason === reasons.progressDeadlineExceeded || current.reason === reasons.newReplicaSetAvailable) return undefined;
  // lastUpdateTime has whole seconds, so a second is added.
  return Math.max(0, Date.parse(current.lastUpdateTime ?? '') + deadline * 1000 - now) + 1000;
}

/** Pausing stops the clock of the deadline, resuming starts it anew. */
export function pausedCondition(deployment: Deployment, now: number): DeploymentCondition | undefined {
  const current = getCondition(deployment.status, conditionTypes.progressing);
  // A reported lack of progress is not painted over.
  if (progressDeadline(deployment) === undefined || current?.reason === reasons.progressDeadlineExceeded) return undefined;
  const shownAsPaused = current?.reason === reasons.deploymentPaused;
  if (deployment.spec?.paused && !shownAsPaused) return newCondition(conditionTypes.progressing, 'Unknown', reasons.deploymentPaused, 'Deployment is paused', now);
  if (!deployment.spec?.paused && shownAsPaused) return newCondition(conditionTypes.progressing, 'Unknown', reasons.deploymentResumed, 'Deployment is resumed', now);
  return undefined;
}
