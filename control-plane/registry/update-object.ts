/** PUT and PATCH. Follows k8s.io/apiserver/pkg/registry: rest.BeforeUpdate and Store.Update. */
import { newBadRequest, newConflict, newInvalid, newModifiedConflict, newNotFound } from '../../api/errors.ts';
import type { FieldError } from '../../api/errors.ts';
import type { KubernetesObject, ObjectMeta } from '../../api/meta.ts';
import { apiVersionOf } from '../../api/resources.ts';
import { timestamp } from '../../machinery/clock.ts';
import { storageKey } from '../storage/keys.ts';
import type { StoredObject } from '../storage/storage.ts';
import { createObject, matchNamespace, settle } from './create-object.ts';
import { cloneObject } from './deep-clone.ts';
import { deepEqual } from './deep-equal.ts';
import { fieldWriteOf } from './managed-fields/field-write.ts';
import { guardEntries } from './managed-fields/guard-entries.ts';
import { sameOwners } from './managed-fields/same-owners.ts';
import { trackUpdate } from './managed-fields/track-update.ts';
import { admissionOf, attributesOf, commitOne, getStored } from './registry-parts.ts';
import type { RegistryParts } from './registry-parts.ts';
import type { RequestContext, UpdateRequest } from './registry.ts';
import { keepOnlyReplicas, validateReplicas } from './scale.ts';
import type { Reservation, Strategy } from './strategy.ts';
import { validateObjectMetaUpdate } from './validation/object-meta.ts';
import type { Writable } from './writable.ts';

interface Update<T extends KubernetesObject> {
  parts: RegistryParts;
  strategy: Strategy<T>;
  context: RequestContext;
  request: UpdateRequest<T>;
}

/**
 * Reads, changes, writes; again with fresh state when someone else was quicker.
 * @throws StatusError NotFound, Conflict, Invalid, BadRequest and whatever admission or the change refuses with.
 */
export function updateObject<T extends KubernetesObject>(update: Update<T>): Promise<T> {
  const { parts, strategy, context, request } = update;
  return parts.turns.untilNoConflict(storageKey(strategy.resource, request.namespace, request.name), async () => {
    const stored = getStored(parts, strategy.resource, request.namespace, request.name);
    if (stored) return attempt(update, stored);
    if (!request.createIfMissing || !(strategy.allowCreateOnUpdate || request.forceCreate) || request.subresource) throw newNotFound(strategy.resource, request.name);
    return createObject({ parts, strategy, context, namespace: request.namespace }, withoutRevision(await request.createIfMissing()));
  });
}

function withoutRevision<T extends KubernetesObject>(object: T): T {
  const { resourceVersion, ...metadata } = object.metadata ?? {};
  // A client that names a version means an object that it has read.
  if (resourceVersion) throw newBadRequest('resourceVersion should not be set on objects to be created');
  return { ...object, metadata };
}

async function attempt<T extends KubernetesObject>(update: Update<T>, stored: StoredObject<T>): Promise<T> {
  const { parts, strategy, context, request } = update;
  const old = stored.object;
  const changed = await request.change(cloneObject(old));
  if (changed === undefined) return old;
  // Callers may have put shared, frozen parts into what they give back.
  const wanted = cloneObject(changed);
  checkIdentity(update, wanted.metadata ?? {}, old);
  const object = { ...wanted, apiVersion: apiVersionOf(strategy.resource), kind: strategy.resource.kind };
  object.metadata = fillMetadata(wanted.metadata ?? {}, old.metadata ?? {});
  const prepared = request.subresource === 'scale' ? keepOnlyReplicas(strategy.resource, object, cloneObject(old)) : object;
  strategy.defaults(prepared);
  trackFields(update, prepared, { old, sent: wanted.metadata?.managedFields });
  const attributes = attributesOf(context, {
    operation: 'UPDATE', resource: strategy.resource, subresource: request.subresource,
    namespace: request.namespace, name: request.name, object: prepared, old, defaulter: strategy,
  });
  const { managedFields } = prepared.metadata ?? {};
  const admission = admissionOf(parts, context);
  await admission.admit(attributes);
  guardEntries(prepared, managedFields, context);
  prepare(update, prepared, old);
  const errors = validate(update, prepared, old);
  if (errors.length > 0) throw newInvalid(invalidKind(update), request.name, errors);
  if (request.subresource === undefined) context.warnings?.push(...strategy.warnings?.(prepared, old) ?? []);
  const review = admission.review(attributes);
  if (review) await review;
  return write(update, prepared, stored, () => admission.validate(attributes));
}

function trackFields<T extends KubernetesObject>(update: Update<T>, object: T, { old, sent }: { old: T; sent: ObjectMeta['managedFields'] }): void {
  const { parts, strategy, context, request } = update;
  const metadata: Writable<ObjectMeta> = object.metadata ??= {};
  metadata.managedFields = sent;
  const write = () => fieldWriteOf({ context, resource: strategy.resource, subresource: request.subresource, now: timestamp(parts.clock.now()) });
  const managedFields = context.managerOperation === 'Apply' ? sent : trackUpdate(write(), old, asKept(update, object, old));
  if (managedFields) metadata.managedFields = managedFields as ObjectMeta['managedFields'];
  else delete metadata.managedFields;
}

/** Nobody owns what a subresource does not let him write, though his object says something else there. */
function asKept<T extends KubernetesObject>(update: Update<T>, object: T, old: T): T {
  const { subresource } = update.request;
  if (subresource === undefined || subresource === 'scale') return object;
  const kept = { ...object, metadata: { ...object.metadata } };
  prepare(update, kept, old);
  return kept;
}

/** The object must be the one that the request names, at the version that the client saw. */
function checkIdentity<T extends KubernetesObject>(update: Update<T>, wanted: ObjectMeta, old: T): void {
  const { strategy: { resource, allowUnconditionalUpdate }, request } = update;
  if (wanted.name && wanted.name !== request.name) {
    throw newBadRequest(`the name of the object (${wanted.name}) does not match the name on the URL (${request.name})`);
  }
  if (resource.namespaced) matchNamespace(wanted.namespace, request.namespace);
  if (wanted.uid && wanted.uid !== old.metadata?.uid) {
    throw newConflict(resource, request.name, `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${old.metadata?.uid}`);
  }
  // Version 0 is no version.
  const version = wanted.resourceVersion === '0' ? '' : wanted.resourceVersion ?? '';
  if (!version && !allowUnconditionalUpdate) {
    // Kubernetes names the resource here, not the kind.
    throw newInvalid({ group: resource.group, kind: resource.plural }, request.name, [{
      reason: 'FieldValueInvalid', field: 'metadata.resourceVersion', message: 'Invalid value: 0: must be specified for an update',
    }]);
  }
  if (version && version !== old.metadata?.resourceVersion) {
    throw newModifiedConflict(resource, request.name);
  }
}

/** What clients may leave out is taken from the old object; what they may not set at all is overwritten. */
function fillMetadata(wanted: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { selfLink: _, managedFields: __, ...rest } = wanted;
  const metadata: Writable<ObjectMeta> = rest;
  metadata.name = old.name;
  if (old.namespace !== undefined) metadata.namespace = old.namespace;
  else delete metadata.namespace;
  metadata.resourceVersion = old.resourceVersion;
  metadata.uid ??= old.uid;
  if (old.creationTimestamp !== undefined) metadata.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp !== undefined) metadata.deletionTimestamp ??= old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined) metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  if (old.generation !== undefined) metadata.generation = old.generation;
  else delete metadata.generation;
  return metadata;
}

function prepare<T extends KubernetesObject>(update: Update<T>, object: T, old: T): void {
  const { strategy, request } = update;
  switch (request.subresource) {
    case 'status':
      if (!strategy.prepareForStatusUpdate) throw newNotFound(strategy.resource, `${request.name}/status`);
      strategy.prepareForStatusUpdate(object, old);
      return;
    case 'finalize':
      if (!strategy.prepareForFinalize) throw newNotFound(strategy.resource, `${request.name}/finalize`);
      strategy.prepareForFinalize(object, old);
      return;
    case 'approval':
    case 'ephemeralcontainers':
    case 'resize': {
      const update = strategy.subresourceUpdates?.[request.subresource];
      if (!update) throw newNotFound(strategy.resource, `${request.name}/${request.subresource}`);
      update.prepare(object, old);
      return;
    }
    case 'scale':
    case undefined:
      strategy.prepareForUpdate(object, old);
      if (strategy.generationChanged?.(object, old)) (object.metadata as Writable<ObjectMeta>).generation = (old.metadata?.generation ?? 0) + 1;
  }
}

function validate<T extends KubernetesObject>({ strategy, request }: Update<T>, object: T, old: T): FieldError[] {
  const errors = validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}, 'metadata', strategy.resource.custom !== undefined);
  switch (request.subresource) {
    case 'status': return [...errors, ...strategy.validateStatusUpdate?.(object, old) ?? []];
    // What the schema of a custom kind says of its replicas holds for its scale as well.
    case 'scale': return strategy.resource.custom ? strategy.validateUpdate(object, old) : validateReplicas(strategy.resource, object);
    case 'finalize': return [...errors, ...strategy.validateFinalize?.(object, old) ?? []];
    case 'approval':
    case 'ephemeralcontainers':
    case 'resize': return [...errors, ...strategy.subresourceUpdates?.[request.subresource]?.validate(object, old) ?? []];
    case undefined: return [...errors, ...strategy.validateUpdate(object, old)];
  }
}

function invalidKind<T extends KubernetesObject>({ strategy, request }: Update<T>): { group: string; kind: string } {
  return request.subresource === 'scale' && !strategy.resource.custom ? { group: 'autoscaling', kind: 'Scale' } : strategy.resource;
}

async function write<T extends KubernetesObject>(update: Update<T>, object: T, stored: StoredObject<T>, lastCheck: () => Reservation | undefined): Promise<T> {
  const { parts, strategy, context } = update;
  const old = stored.object;
  // Only a change of the spec can need or free something; in other updates the spec is the old, frozen one.
  const reservation = update.request.subresource ? undefined : strategy.reserve?.(object, old);
  let admitted: Reservation | undefined;
  let written = false;
  try {
    admitted = lastCheck();
    const removed = mayGo(strategy, object);
    if (!removed && !stored.stale && equalButForTimes(object, old)) return old;
    if (context.dryRun) return object;
    const durable = !(strategy.isVolatile?.(object, old) ?? false);
    const result = await commitOne(parts, { key: stored.key, expected: stored.revision, object: removed ? undefined : object, durable });
    written = true;
    if (removed) strategy.released?.(object);
    return removed ? object : result?.object as T;
  } finally {
    settle(written, reservation, admitted);
  }
}

/** That a manager wrote again what it had written is no change. */
function equalButForTimes(object: KubernetesObject, old: KubernetesObject): boolean {
  const fields = object.metadata?.managedFields;
  const before = old.metadata?.managedFields;
  if (fields === before) return deepEqual(object, old);
  return sameOwners(fields, before) && deepEqual({ ...object, metadata: { ...object.metadata, managedFields: before } }, old);
}

/** An update took the last thing off that kept an object whose deletion was accepted. */
function mayGo<T extends KubernetesObject>(strategy: Strategy<T>, object: T): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata ?? {};
  return deletionTimestamp !== undefined && finalizers.length === 0 && deletionGracePeriodSeconds === 0 && !strategy.isHeld?.(object);
}
