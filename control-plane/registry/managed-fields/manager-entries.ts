/** The entries of metadata.managedFields: who owns which fields. Follows k8s.io/apimachinery/pkg/util/managedfields. */
import type { ObjectMeta } from '../../../api/meta.ts';
import { FieldSchemaError } from '../../../api/field-path/field-schema.ts';
import { internFieldSet, isEmptySet, parseFieldSet, union, type FieldSet } from '../../../api/field-path/field-set.ts';

export type ManagedFieldsEntry = NonNullable<ObjectMeta['managedFields']>[number];

/** Whose an entry is. One manager may have an entry for each combination. */
export interface ManagerIdentity {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
}

/** One entry, checked. */
export interface Ownership extends ManagerIdentity {
  time: string | undefined;
  fields: FieldSet;
}

/** Owners that made their changes by updates; beyond that the oldest share an entry. */
const maxUpdateManagers = 10;
const oldUpdatesManager = 'ancient-changes';

/** Sets that were checked before: those of stored objects are shared and never change. */
const checked = new WeakMap<object, FieldSet>();

/** @throws FieldSchemaError when an entry is none. */
export function decodeEntries(entries: readonly ManagedFieldsEntry[] | undefined): Ownership[] {
  return (entries ?? []).map((entry, index) => {
    const { manager = '', operation, apiVersion, subresource = '', time, fieldsType, fieldsV1 } = entry;
    if (operation !== 'Apply' && operation !== 'Update') throw new FieldSchemaError('operation must be `Apply` or `Update`');
    if (!apiVersion) throw new FieldSchemaError('apiVersion must not be empty');
    if (!fieldsType) throw new FieldSchemaError(`missing fieldsType in managed fields entry ${index}`);
    if (fieldsType !== 'FieldsV1') throw new FieldSchemaError(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`);
    return { manager, operation, apiVersion, subresource, time, fields: checkedSet(fieldsV1) };
  });
}

function checkedSet(value: object | undefined): FieldSet {
  if (value === undefined) return parseFieldSet({});
  const known = checked.get(value);
  if (known) return known;
  const set = internFieldSet(parseFieldSet(value));
  checked.set(set, set);
  if (Object.isFrozen(value)) checked.set(value, set);
  return set;
}

/** In the order of Kubernetes, without those that own nothing; undefined when none is left. */
export function encodeEntries(owners: readonly Ownership[]): ManagedFieldsEntry[] | undefined {
  const kept = owners.filter(({ fields }) => !isEmptySet(fields));
  if (kept.length === 0) return undefined;
  if (kept.length > 1) kept.sort(compareOwners);
  return kept.map(({ manager, operation, apiVersion, subresource, time, fields }) => {
    const fieldsV1 = internFieldSet(fields);
    checked.set(fieldsV1, fieldsV1);
    return {
      manager, operation, apiVersion, ...(time === undefined ? {} : { time }), fieldsType: 'FieldsV1', fieldsV1, ...(subresource === '' ? {} : { subresource }),
    };
  });
}

function compareOwners(left: Ownership, right: Ownership): number {
  return compareText(left.operation, right.operation) || compareText(left.time ?? '', right.time ?? '') || compareText(left.manager, right.manager)
    || compareText(left.apiVersion, right.apiVersion) || compareText(left.subresource, right.subresource);
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** An applier is the same in whatever version it applies. */
export function isSameManager(left: ManagerIdentity, right: ManagerIdentity): boolean {
  return left.manager === right.manager && left.operation === right.operation && left.subresource === right.subresource
    && (left.operation === 'Apply' || left.apiVersion === right.apiVersion);
}

/** The owners with the oldest updaters put together, so that no more than ten are left. */
export function capUpdateManagers(owners: readonly Ownership[]): Ownership[] {
  const updaters = owners.filter(({ operation }) => operation === 'Update');
  let excess = updaters.length - maxUpdateManagers;
  if (excess <= 0) return [...owners];
  updaters.sort((left, right) => compareText(left.time ?? '', right.time ?? '') || compareText(left.manager, right.manager));
  const merged = new Set<Ownership>();
  const buckets = new Map<string, Ownership>();
  const firsts = new Map<string, Ownership>();
  for (const updater of updaters) {
    if (excess <= 0) break;
    const { apiVersion } = updater;
    const first = firsts.get(apiVersion);
    if (!first) {
      firsts.set(apiVersion, updater);
      continue;
    }
    const bucket = buckets.get(apiVersion) ?? first;
    merged.add(bucket).add(updater);
    buckets.set(apiVersion, {
      manager: oldUpdatesManager, operation: 'Update', apiVersion, subresource: '', time: updater.time, fields: union(updater.fields, bucket.fields),
    });
    excess -= 1;
  }
  return [...owners.filter((owner) => !merged.has(owner)), ...buckets.values()];
}

/** Whether the client asks to forget all owners: an empty list, or one empty entry. */
export function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (!entries) return false;
  if (entries.length === 0) return true;
  return entries.length === 1 && Object.values(entries[0]!).every((value) => value === undefined);
}
