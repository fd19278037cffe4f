/** Types of the API group node.k8s.io, version v1. */
export type {
  RuntimeClass,
} from 'kubernetes-types/node/v1';
