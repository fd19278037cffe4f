/** Types of the API group flowcontrol.apiserver.k8s.io, version v1. */
export type {
  FlowSchema, PriorityLevelConfiguration,
} from 'kubernetes-types/flowcontrol/v1';
