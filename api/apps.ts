/** Types of the API group apps, version v1. */
export type {
  Deployment, DeploymentCondition, DeploymentSpec, DeploymentStatus, ReplicaSet, ReplicaSetCondition, ReplicaSetSpec,
  ReplicaSetStatus,
} from 'kubernetes-types/apps/v1';
