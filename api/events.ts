/** Types of the API group events.k8s.io, version v1. */
export type {
  Event,
} from 'kubernetes-types/events/v1';
