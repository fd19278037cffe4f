/** What admission plugins read of the cluster: the store itself, always up to date, never waiting. */
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import { listPrefix, storageKey } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';

export interface AdmissionStore {
  /** Shared and frozen. */
  get<T extends KubernetesObject>(resource: Resource<T>, namespace: string | undefined, name: string): T | undefined;
  /** In order of name, shared and frozen. */
  list<T extends KubernetesObject>(resource: Resource<T>, namespace?: string): readonly T[];
  count(resource: Resource, namespace?: string): number;
}

const nothing: readonly never[] = [];

export function createAdmissionStore(storage: Pick<Storage, 'get' | 'list'>): AdmissionStore {
  return {
    get: <T extends KubernetesObject>(resource: Resource<T>, namespace: string | undefined, name: string) =>
      storage.get(storageKey(resource, namespace, name))?.object as T | undefined,
    list<T extends KubernetesObject>(resource: Resource<T>, namespace?: string) {
      const { items } = storage.list(listPrefix(resource, namespace));
      return items.length === 0 ? nothing : items.map(({ object }) => object as T);
    },
    count: (resource, namespace) => storage.list(listPrefix(resource, namespace), { limit: 0 }).remaining,
  };
}
