/** Storage keys: `<group or core>/<plural>/<namespace>/<name>`. */
import type { Resource } from '../../api/resources.ts';

type Keyed = Pick<Resource, 'group' | 'plural' | 'namespaced'>;

export function resourcePrefix(resource: Keyed): string {
  return `${resource.group || 'core'}/${resource.plural}/`;
}

/** Prefix of one namespace, or of all when namespace is undefined or the kind is cluster-scoped. */
export function listPrefix(resource: Keyed, namespace?: string): string {
  return resource.namespaced && namespace ? `${resourcePrefix(resource)}${namespace}/` : resourcePrefix(resource);
}

export function storageKey(resource: Keyed, namespace: string | undefined, name: string): string {
  return `${resourcePrefix(resource)}${resource.namespaced ? namespace ?? '' : ''}/${name}`;
}
