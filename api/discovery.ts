/** Types of the API group discovery.k8s.io, version v1. */
export type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1';
