/** Who owns what after a create, update or patch: whoever wrote a field last. */
import { compareFields } from '../../../api/field-path/compare-fields.ts';
import { FieldSchemaError, type FieldSchema } from '../../../api/field-path/field-schema.ts';
import { difference, isEmptySet, union, type FieldSet } from '../../../api/field-path/field-set.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { capUpdateManagers, decodeEntries, encodeEntries, isReset, isSameManager, type ManagedFieldsEntry, type ManagerIdentity, type Ownership } from './manager-entries.ts';

/** A write and who makes it. */
export interface FieldWrite {
  schema: FieldSchema;
  manager: ManagerIdentity;
  /** RFC 3339. */
  now: string;
  /** Top-level field that this write cannot change (status of a write to the object itself, spec of one to its status). */
  ignored: 'spec' | 'status' | undefined;
}

/**
 * @param live the stored object, undefined for one that is created.
 * @param wanted the object as the client wants it, with defaults.
 * @returns metadata.managedFields of the result. They are those of the stored object when nothing that can be owned changed.
 */
export function trackUpdate(write: FieldWrite, live: KubernetesObject | undefined, wanted: KubernetesObject): readonly ManagedFieldsEntry[] | undefined {
  const before = ownersBefore(write, live, wanted);
  // Objects whose owners are not known (they were reset) are left alone until somebody applies.
  if (live && before.owners.length === 0) return undefined;
  try {
    const { added, modified, removed } = compareFields(write.schema, live ? ownable(live, write.ignored) : {}, ownable(wanted, write.ignored));
    const changed = union(added, modified);
    if (before.entries && isEmptySet(changed) && isEmptySet(removed)) return before.entries;
    return encodeEntries(capUpdateManagers(withUpdate(write, before.owners, changed, removed)));
  } catch (error) {
    // Items of a list that cannot be told apart: nobody can own them.
    if (!(error instanceof FieldSchemaError)) throw error;
    return live?.metadata?.managedFields;
  }
}

interface OwnersBefore {
  owners: Ownership[];
  /** What the owners were read from. */
  entries?: readonly ManagedFieldsEntry[] | undefined;
}

/** Clients may change the owners themselves, with what they send; those that know nothing of owners do not lose them. */
function ownersBefore({ manager }: FieldWrite, live: KubernetesObject | undefined, wanted: KubernetesObject): OwnersBefore {
  const stored = live?.metadata?.managedFields;
  const sent = manager.subresource === '' ? wanted.metadata?.managedFields : undefined;
  if (isReset(sent)) return { owners: [] };
  const owners = sent && sent !== stored ? ownersOf(sent) : [];
  return owners.length > 0 ? { owners, entries: sent } : { owners: ownersOf(stored), entries: stored };
}

function ownersOf(entries: readonly ManagedFieldsEntry[] | undefined): Ownership[] {
  try {
    return decodeEntries(entries);
  } catch (error) {
    if (!(error instanceof FieldSchemaError)) throw error;
    return [];
  }
}

function withUpdate({ manager, now }: FieldWrite, before: readonly Ownership[], changed: FieldSet, removed: FieldSet): Ownership[] {
  const owners: Ownership[] = [];
  let own: Ownership = { ...manager, time: now, fields: changed };
  for (const owner of before) {
    const rest = difference(owner.fields, removed);
    if (isSameManager(owner, manager)) own = { ...own, time: isEmptySet(changed) ? owner.time : now, fields: union(rest, changed) };
    else owners.push({ ...owner, fields: difference(rest, changed) });
  }
  owners.push(own);
  return owners;
}

/** The object without what nobody owns: what the server sets, what identifies it, what this write cannot change. */
export function ownable(object: KubernetesObject, ignored: 'spec' | 'status' | undefined): Record<string, unknown> {
  const { apiVersion: _, kind: __, metadata, ...rest } = object as Record<string, unknown> & KubernetesObject;
  const fields: Record<string, unknown> = rest;
  if (ignored) Reflect.deleteProperty(fields, ignored);
  if (metadata) {
    const {
      name: _name, namespace: _namespace, uid: _uid, generation: _generation, creationTimestamp: _creationTimestamp, resourceVersion: _resourceVersion,
      selfLink: _selfLink, managedFields: _managedFields, ...own
    } = metadata;
    fields['metadata'] = own;
  }
  return fields;
}
