/** Types of k8s.io/apimachinery/pkg/apis/meta/v1. Shapes come from the package kubernetes-types. */
import type { LabelSelector, ListMeta, ObjectMeta, OwnerReference, Status, StatusCause, DeleteOptions } from 'kubernetes-types/meta/v1';

export type { LabelSelector, ListMeta, ObjectMeta, OwnerReference, Status, StatusCause, DeleteOptions };

/**
 * Any object of the Kubernetes API, decoded. Objects that come out of the store, a client or an informer are shared by
 * everyone in the process: never mutate one, `structuredClone` it first.
 */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** One event of a watch stream, as on the wire. ERROR carries a Status. */
export type WatchEvent<T extends KubernetesObject = KubernetesObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: T }
  | { type: 'ERROR'; object: Status };

export interface ObjectList<T extends KubernetesObject = KubernetesObject> {
  apiVersion?: string;
  kind?: string;
  metadata: ListMeta;
  items: T[];
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key of work queues and informers. */
export function objectKey(object: KubernetesObject): string {
  return namespacedKey(object.metadata?.namespace, object.metadata?.name ?? '');
}

export function namespacedKey(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** The inverse of namespacedKey. */
export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: undefined, name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The owner reference with `controller: true`, if there is one. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}
