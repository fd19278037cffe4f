/**
 * Services that the cluster itself offers: the API server (default/kubernetes) and DNS (kube-system/kube-dns). Follows
 * k8s.io/kubernetes/pkg/controlplane/controller/kubernetesservice.
 */
import type { Endpoints, Service, ServicePort } from '../../../api/core.ts';
import type { EndpointSlice } from '../../../api/discovery.ts';
import { endpoints, endpointSlices, services } from '../../../api/resources.ts';
import type { ApiClient } from '../../../machinery/client.ts';
import { mirrorGroups, skipMirrorLabel } from '../endpoint-slice/mirrored-endpoints.ts';
import { serviceNameLabel } from '../endpoint-slice/slice-writer.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { ensureObject } from './ensure-object.ts';

export interface KubernetesServiceOptions {
  /** First address of the Service range. */
  clusterIP: string;
  /** Where the API server listens, as boards and pods reach it. */
  addresses: readonly string[];
  /** The API server's port. */
  port: number;
}

/** Service, Endpoints and EndpointSlice default/kubernetes. Call it whenever addresses or port may have changed. */
export async function ensureKubernetesService(client: ApiClient, { clusterIP, addresses, port }: KubernetesServiceOptions): Promise<void> {
  await ensureService(client, {
    apiVersion: 'v1', kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: { type: 'ClusterIP', clusterIP, sessionAffinity: 'None', ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }] },
  });
  const wanted: Endpoints = {
    apiVersion: 'v1', kind: 'Endpoints',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { [skipMirrorLabel]: 'true' } },
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  };
  const same = (present: Endpoints) => semanticEqual(present.subsets, wanted.subsets) && present.metadata?.labels?.[skipMirrorLabel] === 'true';
  await ensureObject(client.resource(endpoints), wanted, same, (copy) => ({
    ...copy, metadata: { ...copy.metadata, labels: { ...copy.metadata?.labels, [skipMirrorLabel]: 'true' } }, subsets: wanted.subsets ?? [],
  }));
  await ensureKubernetesSlice(client, wanted);
}

/** Named and made here and not mirrored, so that the API server has endpoints before any controller runs. */
async function ensureKubernetesSlice(client: ApiClient, source: Endpoints): Promise<void> {
  const group = mirrorGroups(source).find(({ addressType }) => addressType === 'IPv4') ?? mirrorGroups(source)[0];
  if (!group) return;
  const wanted: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { [serviceNameLabel]: 'kubernetes' } },
    ...group,
  };
  const same = (present: EndpointSlice) => semanticEqual(present.endpoints, wanted.endpoints) && semanticEqual(present.ports, wanted.ports);
  await ensureObject(client.resource(endpointSlices), wanted, same, (copy) => ({ ...copy, endpoints: group.endpoints, ports: group.ports }));
}

export interface DnsServiceOptions {
  /** The cluster's DNS address, in the Service range. */
  clusterIP: string;
}

/** Service kube-system/kube-dns, without selector: every board's proxy answers DNS itself on this address. */
export async function ensureDnsService(client: ApiClient, { clusterIP }: DnsServiceOptions): Promise<void> {
  await ensureService(client, {
    apiVersion: 'v1', kind: 'Service',
    metadata: { name: 'kube-dns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/name': 'CoreDNS' } },
    spec: {
      type: 'ClusterIP', clusterIP, sessionAffinity: 'None',
      ports: [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 }, { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 }],
    },
  });
}

async function ensureService(client: ApiClient, wanted: Service): Promise<void> {
  const resource = client.resource(services);
  const ports = wanted.spec?.ports ?? [];
  const same = (present: Service) => present.spec?.clusterIP === wanted.spec?.clusterIP && samePorts(present.spec?.ports ?? [], ports);
  const { name = '', namespace } = wanted.metadata ?? {};
  const present = (await resource.list({ ...(namespace ? { namespace } : {}) })).items.find((service) => service.metadata?.name === name);
  // A cluster IP never changes: another Service range needs a new Service.
  if (present && present.spec?.clusterIP !== wanted.spec?.clusterIP) await resource.delete(name, namespace);
  await ensureObject(resource, wanted, same, (copy) => ({ ...copy, spec: { ...copy.spec, ports } }));
}

function samePorts(present: readonly ServicePort[], wanted: readonly ServicePort[]): boolean {
  const facts = (ports: readonly ServicePort[]) => ports.map(({ name, port, protocol, targetPort }) => ({ name, port, protocol, targetPort }));
  return semanticEqual(facts(present), facts(wanted));
}
