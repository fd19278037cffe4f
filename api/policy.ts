/** Types of the API group policy, version v1. */
export type {
  Eviction, PodDisruptionBudget,
} from 'kubernetes-types/policy/v1';
