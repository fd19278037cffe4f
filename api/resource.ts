/** What a row of the resource table says about a kind. */
import type { KubernetesObject } from './meta.ts';

export type Subresource =
  | 'status' | 'scale' | 'binding' | 'eviction' | 'ephemeralcontainers' | 'log' | 'exec' | 'attach' | 'portforward' | 'proxy'
  | 'finalize' | 'token' | 'approval';

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
  /**
   * The row whose store holds the objects, where this one shows them in another version or group (`events.k8s.io` shows
   * core Events). Absent: this row's own.
   */
  readonly storedAs?: Resource;
  /** Nothing is stored: a POST is answered at once (reviews, bindings). */
  readonly virtual?: boolean;
  /** Never set; carries T. */
  readonly objectType?: T;
}

/** Groups whose types are not in k8s.io/api. */
const schemaPackages: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'k8s.io.apiextensions_apiserver.pkg.apis.',
  'apiregistration.k8s.io': 'k8s.io.kube_aggregator.pkg.apis.',
};

/** `core`, `apps`, `rbac`: the first word of the group names its package. */
function schemaGroup(group: string): string {
  return group === '' ? 'core' : group.split('.', 1)[0]!;
}

export function defineResource<T extends KubernetesObject>(
  row: Pick<Resource, 'group' | 'kind' | 'plural' | 'namespaced'> & Partial<Omit<Resource, 'objectType'>>,
): Resource<T> {
  const version = row.version ?? 'v1';
  return {
    version,
    singular: row.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    subresources: [],
    deleteCollection: true,
    schema: `${schemaPackages[row.group] ?? 'k8s.io.api.'}${schemaGroup(row.group)}.${version}.${row.kind}`,
    ...row,
  };
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version;
}
