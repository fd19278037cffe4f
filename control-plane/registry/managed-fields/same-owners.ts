/** Comparisons that pass over when something was written: a heartbeat changes nothing else. */
import type { ObjectMeta } from '../../../api/meta.ts';
import { deepEqual } from '../deep-equal.ts';

type ManagedFields = ObjectMeta['managedFields'];

/** Whether the same managers own the same fields. Entries are in the order of their times, so they may have changed places. */
export function sameOwners(fields: ManagedFields, others: ManagedFields): boolean {
  if (fields === others) return true;
  if (fields?.length !== others?.length) return false;
  return fields?.every((entry) => others?.some((known) => deepEqual({ ...entry, time: known.time }, known))) ?? true;
}

/** Whether nothing of the metadata changed but the version and the times of managers. */
export function sameMetadata(metadata: ObjectMeta | undefined, other: ObjectMeta | undefined): boolean {
  const plain = (value: ObjectMeta | undefined): ObjectMeta => ({ ...value, resourceVersion: '', managedFields: [] });
  return sameOwners(metadata?.managedFields, other?.managedFields) && deepEqual(plain(metadata), plain(other));
}
