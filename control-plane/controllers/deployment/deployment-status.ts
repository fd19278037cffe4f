/** The counts of a Deployment's status and its Available condition, from its ReplicaSets. */
import type { Deployment, DeploymentStatus } from '../../../api/apps.ts';
import { conditionTypes, newCondition, reasons, withCondition } from './deployment-conditions.ts';
import { allReplicaSets, total, totalDesired } from './replica-set-selection.ts';
import type { DeploymentReplicaSets } from './replica-set-selection.ts';
import { maxUnavailable } from './rollout-limits.ts';

/** With the field that apps/v1 has since Kubernetes 1.33. */
export type DeploymentStatusWithTerminating = DeploymentStatus & { terminatingReplicas?: number };

/** @param now milliseconds since the epoch. */
export function calculateDeploymentStatus(deployment: Deployment, replicaSets: DeploymentReplicaSets, now: number): DeploymentStatusWithTerminating {
  const all = allReplicaSets(replicaSets);
  const availableReplicas = total(all, 'availableReplicas');
  const collisionCount = deployment.status?.collisionCount;
  const enough = availableReplicas >= (deployment.spec?.replicas ?? 1) - maxUnavailable(deployment);
  const available = enough
    ? newCondition(conditionTypes.available, 'True', reasons.minimumReplicasAvailable, 'Deployment has minimum availability.', now)
    : newCondition(conditionTypes.available, 'False', reasons.minimumReplicasUnavailable, 'Deployment does not have minimum availability.', now);
  return {
    observedGeneration: deployment.metadata?.generation ?? 0,
    replicas: total(all, 'replicas'),
    updatedReplicas: total(replicaSets.newReplicaSet ? [replicaSets.newReplicaSet] : [], 'replicas'),
    readyReplicas: total(all, 'readyReplicas'),
    availableReplicas,
    // More available than wanted: it is being scaled down.
    unavailableReplicas: Math.max(0, totalDesired(all) - availableReplicas),
    terminatingReplicas: total(all, 'terminatingReplicas'),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(deployment.status?.conditions ?? [], available),
  };
}

/** Every pod is of the present template and available, and nothing else is left. */
export function isDeploymentComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = deployment.spec?.replicas ?? 1;
  return status.updatedReplicas === desired && status.replicas === desired && status.availableReplicas === desired
    && (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0);
}
