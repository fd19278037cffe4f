/** What a row of the resource table says about a kind. */
import type { JSONSchemaProps } from 'kubernetes-types/apiextensions/v1';
import type { KubernetesObject } from './meta.ts';

export type Subresource =
  | 'status' | 'scale' | 'binding' | 'eviction' | 'ephemeralcontainers' | 'resize' | 'log' | 'exec' | 'attach' | 'portforward' | 'proxy'
  | 'finalize' | 'token' | 'approval';

/** A column that a CustomResourceDefinition asks for, as `meta.k8s.io` Tables have them. */
export interface CustomColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** Above 0: shown by `-o wide` only. */
  readonly priority: number;
}

/** Where the subresource `scale` finds its numbers: paths of field names, `['spec', 'replicas']`. */
export interface CustomScale {
  readonly specReplicas: readonly string[];
  readonly statusReplicas: readonly string[];
  readonly labelSelector?: readonly string[];
}

/** What a row of a CustomResourceDefinition knows of itself: the tables of the built-in kinds say nothing of it. */
export interface CustomKind {
  /** `CronTabList` */
  readonly listKind: string;
  /** spec.versions[].schema.openAPIV3Schema, as the definition has it. Shared and frozen. */
  readonly openAPISchema: JSONSchemaProps | undefined;
  /** Answered as a Warning header to every request of a deprecated version. */
  readonly deprecationWarning?: string;
  readonly columns: readonly CustomColumn[];
  readonly scale?: CustomScale;
  /** The cells of an object, one for each column. @param now milliseconds since the epoch. */
  cells(object: KubernetesObject, now: number): unknown[];
  /**
   * Checks and prunes a parsed JSON value, as decodeObject does for built-in kinds. The value may be changed.
   * @throws StatusError BadRequest.
   */
  decode(input: unknown, options: { fieldValidation: 'Ignore' | 'Warn' | 'Strict'; duplicates?: readonly string[] }): { object: KubernetesObject; warnings: string[] };
}

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
  /** Key in the schema table: `k8s.io.api.core.v1.Pod`. Of a custom kind a name that is not in the table: see `custom`. */
  readonly schema: string;
  /**
   * The row whose store holds the objects, where this one shows them in another version or group (`events.k8s.io` shows
   * core Events). Absent: this row's own.
   */
  readonly storedAs?: Resource;
  /** Answered as a Warning header to every request of the kind. Custom kinds have theirs in `custom`. */
  readonly deprecationWarning?: string;
  /** Only of kinds that CustomResourceDefinitions add. */
  readonly custom?: CustomKind;
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
