/** DELETE. Follows k8s.io/apiserver/pkg/registry: rest.BeforeDelete and Store.Delete. */
import { newConflict, newInvalid, newNotFound } from '../../api/errors.ts';
import type { FieldError } from '../../api/errors.ts';
import type { DeleteOptions, KubernetesObject, Status } from '../../api/meta.ts';
import { namespaces } from '../../api/resources.ts';
import type { Resource } from '../../api/resources.ts';
import { storageKey } from '../storage/keys.ts';
import type { StoredObject } from '../storage/storage.ts';
import { deepEqual } from './deep-equal.ts';
import { planDeletion } from './plan-deletion.ts';
import { admissionOf, attributesOf, commitOne, getStored } from './registry-parts.ts';
import type { RegistryParts } from './registry-parts.ts';
import type { RequestContext } from './registry.ts';
import type { Strategy } from './strategy.ts';

interface Deletion<T extends KubernetesObject> {
  parts: RegistryParts;
  strategy: Strategy<T>;
  context: RequestContext;
  name: string;
  namespace: string | undefined;
  options: DeleteOptions;
}

/**
 * @returns the object as it lingers, or when it is gone a Success Status (of some kinds: the object as it was).
 * @throws StatusError NotFound, Conflict (preconditions), Invalid (options) and whatever admission refuses with.
 */
export async function deleteObject<T extends KubernetesObject>(deletion: Deletion<T>): Promise<T | Status> {
  const { parts, strategy, name, namespace, options } = deletion;
  const errors = validateDeleteOptions(options);
  if (errors.length > 0) throw newInvalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  warnOfOrphans(deletion);
  return parts.turns.untilNoConflict(storageKey(strategy.resource, namespace, name), () => {
    const stored = getStored(parts, strategy.resource, namespace, name);
    if (!stored) throw newNotFound(strategy.resource, name);
    return attempt(deletion, stored);
  });
}

function warnOfOrphans<T extends KubernetesObject>({ strategy, context, options }: Deletion<T>): void {
  const warning = strategy.orphansByDefault?.warning;
  const unsaid = options.propagationPolicy === undefined && options.orphanDependents === undefined;
  // A collection is deleted object by object, and warned of once.
  if (warning && unsaid && !context.warnings?.includes(warning)) context.warnings?.push(warning);
}

async function attempt<T extends KubernetesObject>(deletion: Deletion<T>, stored: StoredObject<T>): Promise<T | Status> {
  const { parts, strategy, context, name, namespace, options } = deletion;
  const { resource } = strategy;
  checkPreconditions(resource, stored.object, options);
  const attributes = attributesOf(context, {
    operation: 'DELETE', resource, subresource: undefined, namespace, name, object: undefined, old: stored.object,
    options: { apiVersion: 'meta.k8s.io/v1', kind: 'DeleteOptions', ...options },
  });
  const admission = admissionOf(parts, context);
  await admission.admit(attributes);
  const review = admission.review(attributes);
  if (review) await review;
  admission.validate(attributes)?.rollback();
  const plan = planDeletion(strategy, stored.object, options, parts.clock.now());
  if (plan.action === 'leave') return stored.object;
  const dryRun = context.dryRun || (options.dryRun?.length ?? 0) > 0;
  if (plan.action === 'mark') return dryRun ? plan.object : (await write(deletion, stored, plan.object) ?? plan).object;
  const last = dryRun ? plan.object : await remove(deletion, stored, plan.object);
  if (!dryRun) strategy.released?.(stored.object);
  return strategy.returnsDeletedObject ? last : success(resource, stored.object);
}

/**
 * Watchers learn that a pod is being deleted before it is gone, and its last state says so, even where no grace is left.
 * That state is not for the disk: until the removal is on it, nobody was promised anything.
 */
async function remove<T extends KubernetesObject>(deletion: Deletion<T>, stored: StoredObject<T>, last: T): Promise<T> {
  const told = deepEqual(last, stored.object) ? stored : await write(deletion, stored, last, true) ?? stored;
  await write(deletion, told, undefined);
  return told.object;
}

async function write<T extends KubernetesObject>(
  deletion: Deletion<T>, stored: StoredObject<T>, object: T | undefined, inPassing = false,
): Promise<StoredObject<T> | undefined> {
  const { parts, strategy, name } = deletion;
  const durable = !inPassing && !(strategy.isVolatile?.(object ?? stored.object, object ? stored.object : undefined) ?? false);
  const closes = strategy.resource.plural === namespaces.plural && !parts.closingNamespaces.has(name);
  if (closes) parts.closingNamespaces.add(name);
  try {
    return await commitOne(parts, { key: stored.key, expected: stored.revision, object, durable }) as StoredObject<T> | undefined;
  } finally {
    if (closes) parts.closingNamespaces.delete(name);
  }
}

function checkPreconditions(resource: Resource, object: KubernetesObject, options: DeleteOptions): void {
  const { uid, resourceVersion, name = '' } = object.metadata ?? {};
  const wanted = options.preconditions ?? {};
  // Kubernetes names the kind here, not the resource.
  const record = { group: resource.group, plural: resource.kind };
  if (wanted.uid !== undefined && wanted.uid !== uid) {
    throw newConflict(record, name, `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`);
  }
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
    throw newConflict(record, name, `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`);
  }
}

const policies = ['Background', 'Foreground', 'Orphan'];

function validateDeleteOptions(options: DeleteOptions): FieldError[] {
  const { propagationPolicy, orphanDependents } = options;
  const errors: FieldError[] = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    errors.push({
      reason: 'FieldValueInvalid', field: 'propagationPolicy',
      message: `Invalid value: ${JSON.stringify(propagationPolicy)}: orphanDependents and deletionPropagation cannot be both set`,
    });
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    errors.push({
      reason: 'FieldValueNotSupported', field: 'propagationPolicy',
      message: `Unsupported value: ${JSON.stringify(propagationPolicy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
    });
  }
  for (const value of options.dryRun ?? []) {
    if (value === 'All') continue;
    errors.push({ reason: 'FieldValueNotSupported', field: 'dryRun', message: `Unsupported value: ${JSON.stringify(value)}: supported values: "All"` });
  }
  return errors;
}

function success(resource: Resource, object: KubernetesObject): Status {
  const { name, uid } = object.metadata ?? {};
  return {
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success',
    details: { name, ...(resource.group ? { group: resource.group } : {}), kind: resource.plural, uid },
  };
}
