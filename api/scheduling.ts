/** Types of the API group scheduling.k8s.io, version v1. */
export type {
  PriorityClass,
} from 'kubernetes-types/scheduling/v1';
