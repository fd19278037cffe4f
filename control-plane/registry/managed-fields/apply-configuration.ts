/**
 * Server-side apply: a configuration laid over an object, with the fields that it names becoming its manager's and those
 * that it no longer names going away where nobody else wants them. Follows sigs.k8s.io/structured-merge-diff/merge and
 * k8s.io/apimachinery/pkg/util/managedfields.
 */
import { checkFields } from '../../../api/field-path/check-fields.ts';
import { compareFields, fieldsOf } from '../../../api/field-path/compare-fields.ts';
import { FieldSchemaError, type FieldSchema } from '../../../api/field-path/field-schema.ts';
import { difference, equalSets, intersection, isEmptySet, union, withNamedFields, type FieldSet } from '../../../api/field-path/field-set.ts';
import { mergeFields } from '../../../api/field-path/merge-fields.ts';
import { removeFields } from '../../../api/field-path/remove-fields.ts';
import { newBadRequest } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { conflictsBeyond, newApplyConflict, type ApplyConflict } from './apply-conflict.ts';
import { fieldsOfLastApplied, keepLastApplied } from './last-applied.ts';
import { decodeEntries, encodeEntries, isSameManager, type Ownership } from './manager-entries.ts';
import { ownable, type FieldWrite } from './track-update.ts';

export interface ApplyRequest extends FieldWrite {
  /** Takes fields from their owners. */
  force: boolean;
  /** The merged object in the form in which the API keeps it. @throws StatusError */
  decode(merged: object): KubernetesObject;
}

const firstManager = 'before-first-apply';
/** The manager that migrates objects of `kubectl apply` to server-side apply. */
const kubectlManager = 'kubectl';

/**
 * @param live the stored object, not changed; undefined when it is created.
 * @param configuration checked against nothing yet.
 * @returns the object to store, with its managedFields; always with the time of now.
 * @throws StatusError BadRequest for a configuration that does not fit the kind, Conflict when others own what it changes.
 */
export function applyConfiguration(request: ApplyRequest, live: KubernetesObject | undefined, configuration: KubernetesObject): KubernetesObject {
  if (configuration.metadata?.managedFields != null) throw newBadRequest('metadata.managedFields must be nil');
  checkConfiguration(request.schema, configuration);
  const owners = ownersOf(request, live);
  const current = live ? withoutOwners(live) : {};
  const given = withoutIgnored(configuration, request.ignored);
  const fields = fieldsOf(request.schema, configuredFields(given));
  const last = owners.find((owner) => isSameManager(owner, request.manager));
  const own: Ownership = { ...request.manager, time: request.now, fields };
  const others = owners.filter((owner) => owner !== last);
  const merged = mergeFields(request.schema, current, given);
  const pruned = last ? prune(request.schema, merged, last.fields, [own, ...others]) : merged;
  const result = request.decode(pruned);
  const remaining = takeFields(request, others, { live: live ?? {}, result, configuration });
  const managedFields = encodeEntries([own, ...remaining]);
  result.metadata = { ...result.metadata, ...(managedFields ? { managedFields } : {}) };
  if (request.manager.manager === kubectlManager) keepLastApplied(result, configuration);
  return result;
}

function checkConfiguration(schema: FieldSchema, configuration: KubernetesObject): void {
  try {
    checkFields(schema, configuration);
  } catch (error) {
    if (!(error instanceof FieldSchemaError)) throw error;
    throw newBadRequest(`failed to create typed patch object (${describe(configuration)}): ${error.message}`);
  }
}

/** `default/web; apps/v1, Kind=Deployment` */
function describe({ apiVersion = '', kind = '', metadata }: KubernetesObject): string {
  const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${groupVersion}, Kind=${kind}`;
}

/** Of an object that nobody applied yet and whose owners are not known, everything belongs to whoever made it so. */
function ownersOf(request: ApplyRequest, live: KubernetesObject | undefined): Ownership[] {
  const owners = decodeEntries(live?.metadata?.managedFields);
  if (!live || owners.length > 0) return owners;
  const { added, modified } = compareFields(request.schema, {}, ownable(live, request.ignored));
  return [{ ...request.manager, operation: 'Update', manager: firstManager, time: request.now, fields: union(added, modified) }];
}

function withoutOwners(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  return { ...object, metadata };
}

function withoutIgnored(configuration: KubernetesObject, ignored: 'spec' | 'status' | undefined): KubernetesObject {
  if (!ignored || !(ignored in configuration)) return configuration;
  const { [ignored]: _, ...rest } = configuration as KubernetesObject & Record<string, unknown>;
  return rest;
}

/** What of a configuration can be owned. */
function configuredFields(configuration: KubernetesObject): object {
  const fields = ownable(configuration, undefined);
  if (fields['metadata'] && Object.keys(fields['metadata']).length === 0) delete fields['metadata'];
  return fields;
}

/**
 * Removes what the manager applied last time and does not apply now, unless somebody else has it.
 * @param owners with what the manager applies now.
 */
function prune(schema: FieldSchema, merged: Record<string, unknown>, last: FieldSet, owners: readonly Ownership[]): object {
  if (isEmptySet(last) || equalSets(last, owners[0]!.fields)) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(set, schema);
  const lastNamed = named(last);
  const whole = named(fieldsOf(schema, merged));
  const without = named(fieldsOf(schema, removeFields(schema, merged, lastNamed)));
  const owned = named(owners.reduce<FieldSet>((set, owner) => union(set, owner.fields), {}));
  const withOwned = removeFields(schema, merged, difference(whole, union(without, owned)));
  const left = named(fieldsOf(schema, withOwned));
  return removeFields(schema, merged, intersection(difference(whole, left), lastNamed));
}

interface Applied {
  live: KubernetesObject;
  result: KubernetesObject;
  configuration: KubernetesObject;
}

/**
 * @returns the others without what was taken from them.
 * @throws StatusError Conflict.
 */
function takeFields(request: ApplyRequest, others: readonly Ownership[], { live, result, configuration }: Applied): Ownership[] {
  const { schema, ignored } = request;
  const { added, modified, removed } = compareFields(schema, ownable(live, ignored), ownable(result, ignored));
  const changed = union(added, modified);
  const conflicts: ApplyConflict[] = [];
  const remaining = others.map((owner) => {
    const fields = intersection(owner.fields, changed);
    if (!isEmptySet(fields)) conflicts.push({ owner, fields });
    return { ...owner, fields: difference(difference(owner.fields, fields), removed) };
  });
  if (conflicts.length > 0 && !request.force) {
    const allowed = request.manager.manager === kubectlManager ? fieldsOfLastApplied(schema, live, configuration.apiVersion) : undefined;
    const left = allowed ? conflictsBeyond(conflicts, allowed) : conflicts;
    if (left.length > 0) throw newApplyConflict(left);
  }
  return remaining;
}
