/** Condition types, reasons and rules of a Deployment. Follows k8s.io/kubernetes/pkg/controller/deployment/util. */
import type { DeploymentCondition, DeploymentStatus } from '../../../api/apps.ts';
import { timestamp } from '../../../machinery/clock.ts';

export const conditionTypes = { available: 'Available', progressing: 'Progressing', replicaFailure: 'ReplicaFailure' } as const;

export const reasons = {
  newReplicaSetCreated: 'NewReplicaSetCreated',
  foundNewReplicaSet: 'FoundNewReplicaSet',
  replicaSetUpdated: 'ReplicaSetUpdated',
  replicaSetCreateError: 'ReplicaSetCreateError',
  newReplicaSetAvailable: 'NewReplicaSetAvailable',
  progressDeadlineExceeded: 'ProgressDeadlineExceeded',
  deploymentPaused: 'DeploymentPaused',
  deploymentResumed: 'DeploymentResumed',
  minimumReplicasAvailable: 'MinimumReplicasAvailable',
  minimumReplicasUnavailable: 'MinimumReplicasUnavailable',
} as const;

type Status = Pick<DeploymentStatus, 'conditions'>;

export function getCondition(status: Status | undefined, type: string): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** @param now milliseconds since the epoch. */
export function newCondition(type: string, status: 'True' | 'False' | 'Unknown', reason: string, message: string, now: number): DeploymentCondition {
  return { type, status, lastUpdateTime: timestamp(now), lastTransitionTime: timestamp(now), reason, message };
}

/** Does nothing when status and reason are already so; keeps lastTransitionTime while the status stays. */
export function withCondition(conditions: readonly DeploymentCondition[], condition: DeploymentCondition): DeploymentCondition[] {
  const current = conditions.find((other) => other.type === condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return [...conditions];
  return replaceCondition(conditions, condition);
}

/** As withCondition, but also where status and reason stay: lastUpdateTime is how progress shows. */
export function replaceCondition(conditions: readonly DeploymentCondition[], condition: DeploymentCondition): DeploymentCondition[] {
  const current = conditions.find((other) => other.type === condition.type);
  const kept = current?.status === condition.status && current.lastTransitionTime ? { lastTransitionTime: current.lastTransitionTime } : {};
  return [...withoutCondition(conditions, condition.type), { ...condition, ...kept }];
}

export function withoutCondition(conditions: readonly DeploymentCondition[], type: string): DeploymentCondition[] {
  return conditions.filter((condition) => condition.type !== type);
}
