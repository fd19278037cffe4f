/** Small Services and EndpointSlices for tests. */
import type { Service, ServiceSpec } from '../../api/core.ts';
import type { Endpoint, EndpointSlice } from '../../api/discovery.ts';

export function makeService(name: string, spec: ServiceSpec): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec };
}

export function makeSlice(service: string, endpoints: (Partial<Endpoint> & { addresses: string[] })[], ports: { name?: string; port: number; protocol?: string }[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4',
    metadata: { name: `${service}-abcde`, namespace: 'default', labels: { 'kubernetes.io/service-name': service } },
    endpoints, ports: ports.map((port) => ({ protocol: 'TCP', name: '', ...port })),
  };
}
