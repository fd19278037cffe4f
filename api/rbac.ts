/** Types of the API group rbac.authorization.k8s.io, version v1. */
export type {
  AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
} from 'kubernetes-types/rbac/v1';
