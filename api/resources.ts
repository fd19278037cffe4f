/**
 * The resource table: one row per kind. Routes, discovery, OpenAPI, decoding, storage keys and printing are driven by it.
 * A new kind is a row here, a strategy in control-plane/registry and its tests.
 */
import type { Deployment, ReplicaSet } from './apps.ts';
import type { Lease } from './coordination.ts';
import type { ConfigMap, Endpoints, Event, Namespace, Node, Pod, Secret, Service, ServiceAccount } from './core.ts';
import type { EndpointSlice } from './discovery.ts';
import type { KubernetesObject } from './meta.ts';

export type Subresource = 'status' | 'scale' | 'binding' | 'eviction' | 'log' | 'exec' | 'attach' | 'portforward' | 'finalize';

/** One row. The phantom type parameter ties a row to the type of its objects: `client.resource(pods)` yields Pods. */
export interface Resource<T extends KubernetesObject = KubernetesObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** `all` makes `kubectl get all` show it. */
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly subresources: readonly Subresource[];
  /** DELETE of the collection; too dangerous for some kinds. */
  readonly deleteCollection: boolean;
  /** Key in the schema table: `k8s.io.api.core.v1.Pod`. */
  readonly schema: string;
  /** Never set; carries T. */
  readonly objectType?: T;
}

function define<T extends KubernetesObject>(
  row: Pick<Resource, 'group' | 'kind' | 'plural' | 'namespaced'> & Partial<Omit<Resource, 'objectType'>>,
): Resource<T> {
  const version = row.version ?? 'v1';
  const schemaGroup = row.group === '' ? 'core' : row.group.replace(/\.k8s\.io$/, '').replaceAll('.', '_');
  return {
    version,
    singular: row.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    subresources: [],
    deleteCollection: true,
    schema: `k8s.io.api.${schemaGroup}.${version}.${row.kind}`,
    ...row,
  };
}

export const namespaces = define<Namespace>({ group: '', kind: 'Namespace', plural: 'namespaces', namespaced: false, shortNames: ['ns'], subresources: ['status', 'finalize'], deleteCollection: false });
export const nodes = define<Node>({ group: '', kind: 'Node', plural: 'nodes', namespaced: false, shortNames: ['no'], subresources: ['status'] });
export const pods = define<Pod>({ group: '', kind: 'Pod', plural: 'pods', namespaced: true, shortNames: ['po'], categories: ['all'], subresources: ['status', 'binding', 'eviction', 'log', 'exec'] });
export const services = define<Service>({ group: '', kind: 'Service', plural: 'services', namespaced: true, shortNames: ['svc'], categories: ['all'], subresources: ['status'] });
export const endpoints = define<Endpoints>({ group: '', kind: 'Endpoints', plural: 'endpoints', singular: 'endpoints', namespaced: true, shortNames: ['ep'] });
export const configMaps = define<ConfigMap>({ group: '', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, shortNames: ['cm'] });
export const secrets = define<Secret>({ group: '', kind: 'Secret', plural: 'secrets', namespaced: true });
export const events = define<Event>({ group: '', kind: 'Event', plural: 'events', namespaced: true, shortNames: ['ev'] });
export const serviceAccounts = define<ServiceAccount>({ group: '', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true, shortNames: ['sa'] });
export const deployments = define<Deployment>({ group: 'apps', kind: 'Deployment', plural: 'deployments', namespaced: true, shortNames: ['deploy'], categories: ['all'], subresources: ['status', 'scale'] });
export const replicaSets = define<ReplicaSet>({ group: 'apps', kind: 'ReplicaSet', plural: 'replicasets', namespaced: true, shortNames: ['rs'], categories: ['all'], subresources: ['status', 'scale'] });
export const endpointSlices = define<EndpointSlice>({ group: 'discovery.k8s.io', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true });
export const leases = define<Lease>({ group: 'coordination.k8s.io', kind: 'Lease', plural: 'leases', namespaced: true });

export const resources: readonly Resource[] = [
  namespaces, nodes, pods, services, endpoints, configMaps, secrets, events, serviceAccounts,
  deployments, replicaSets, endpointSlices, leases,
];

/** `v1` or `apps/v1`. */
export function apiVersionOf(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version;
}

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return resources.find((row) => row.plural === plural && row.version === version && row.group === group);
}

/** The row of an object by its apiVersion and kind, or undefined when this cluster does not know the kind. */
export function findKind(apiVersion: string, kind: string): Resource | undefined {
  return resources.find((row) => row.kind === kind && apiVersionOf(row) === apiVersion);
}
