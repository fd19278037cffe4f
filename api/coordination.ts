/** Types of the API group coordination.k8s.io, version v1. */
export type { Lease, LeaseSpec } from 'kubernetes-types/coordination/v1';
