/**
 * What the garbage collector does with one object, decided without doing it. Follows
 * k8s.io/kubernetes/pkg/controller/garbagecollector.
 */
import type { KubernetesObject, OwnerReference } from '../../../api/meta.ts';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** What became of an owner that a reference names. */
export type OwnerState =
  /** It exists. */
  | 'solid'
  /** It is being deleted in the foreground and waits for its dependents. */
  | 'waiting'
  /** It does not exist, or not with this uid. */
  | 'absent'
  /** The reference cannot be followed (a kind this cluster does not know, a namespaced owner of a cluster-scoped object). */
  | 'unresolvable';

export type CollectionStep =
  | { do: 'nothing' }
  /** All its owners are gone, or only wait for it. */
  | { do: 'delete'; propagationPolicy: 'Background' | 'Foreground' | 'Orphan' }
  /** It has other owners: only these references go. */
  | { do: 'drop-references'; uids: string[] }
  /** It is being deleted in the foreground: its dependents come first. */
  | { do: 'finish-foreground' }
  /** It is being deleted without its dependents: they must forget it first. */
  | { do: 'orphan-dependents' };

/** @param owners the state of each owner reference, in order. */
export function planCollection(object: KubernetesObject, owners: readonly OwnerState[], hasDependents: boolean): CollectionStep {
  const finalizers = object.metadata?.finalizers ?? [];
  if (object.metadata?.deletionTimestamp) {
    if (finalizers.includes(orphanFinalizer)) return { do: 'orphan-dependents' };
    return finalizers.includes(foregroundFinalizer) ? { do: 'finish-foreground' } : { do: 'nothing' };
  }
  const references = object.metadata?.ownerReferences ?? [];
  if (references.length === 0 || owners.includes('unresolvable')) return { do: 'nothing' };
  if (owners.includes('solid')) {
    const uids = references.filter((_reference, index) => owners[index] !== 'solid').map(({ uid }) => uid);
    return uids.length > 0 ? { do: 'drop-references', uids } : { do: 'nothing' };
  }
  if (finalizers.includes(orphanFinalizer)) return { do: 'delete', propagationPolicy: 'Orphan' };
  const foreground = finalizers.includes(foregroundFinalizer) || (owners.includes('waiting') && hasDependents);
  return { do: 'delete', propagationPolicy: foreground ? 'Foreground' : 'Background' };
}

/** Dependents that hold up the foreground deletion of the owner. */
export function blockingDependents<T extends KubernetesObject>(ownerUid: string, dependents: readonly T[]): T[] {
  return dependents.filter((dependent) => (dependent.metadata?.ownerReferences ?? [])
    .some((reference: OwnerReference) => reference.uid === ownerUid && reference.blockOwnerDeletion === true));
}
