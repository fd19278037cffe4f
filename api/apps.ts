/** Types of the API group apps, version v1. */
export type {
  ControllerRevision, DaemonSet, DaemonSetSpec, Deployment, DeploymentCondition, DeploymentSpec, DeploymentStatus,
  ReplicaSet, ReplicaSetCondition, ReplicaSetSpec, ReplicaSetStatus, StatefulSet, StatefulSetSpec,
} from 'kubernetes-types/apps/v1';
