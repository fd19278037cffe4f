/** POST. Follows k8s.io/apiserver/pkg/registry: rest.BeforeCreate and Store.Create. */
import { newAlreadyExists, newBadRequest, newInvalid, StatusError } from '../../api/errors.ts';
import type { KubernetesObject, ObjectMeta } from '../../api/meta.ts';
import { apiVersionOf } from '../../api/resources.ts';
import { timestamp } from '../../machinery/clock.ts';
import { storageKey } from '../storage/keys.ts';
import { KeyConflictError } from '../storage/storage.ts';
import { deepClone } from './deep-clone.ts';
import { generateName, generateNameAttempts } from './generate-name.ts';
import { fieldWriteOf } from './managed-fields/field-write.ts';
import { guardEntries } from './managed-fields/guard-entries.ts';
import { trackUpdate } from './managed-fields/track-update.ts';
import { attributesOf, commitOne } from './registry-parts.ts';
import type { RegistryParts } from './registry-parts.ts';
import type { RequestContext } from './registry.ts';
import type { Reservation, Strategy } from './strategy.ts';
import { objectMetaRules, validateObjectMeta } from './validation/object-meta.ts';
import type { Writable } from './writable.ts';

interface CreateRequest<T extends KubernetesObject> {
  parts: RegistryParts;
  strategy: Strategy<T>;
  context: RequestContext;
  namespace: string | undefined;
}

/** @throws StatusError AlreadyExists, Invalid, BadRequest and whatever admission refuses with. */
export async function createObject<T extends KubernetesObject>(request: CreateRequest<T>, given: T): Promise<T> {
  const { parts, strategy, context } = request;
  const { resource } = strategy;
  const metadata = ownMetadata(request, given.metadata ?? {});
  if (strategy.generationChanged) metadata.generation = 1;
  const object: T = { ...deepClone(given), apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: deepClone(metadata) };
  const base = metadata.name ? undefined : metadata.generateName;
  strategy.defaults(object);
  trackFields(request, object, given);
  const attributes = attributesOf(context, {
    operation: 'CREATE', resource, subresource: undefined, namespace: metadata.namespace, name: metadata.name ?? '', object, old: undefined, defaulter: strategy,
  });
  const { managedFields } = object.metadata ?? {};
  await parts.admission.admit(attributes);
  guardEntries(object, managedFields, context);
  strategy.prepareForCreate(object, context);
  for (let attempt = 1; ; attempt++) {
    if (base) object.metadata!.name = generateName(base, parts.random);
    strategy.canonicalize?.(object);
    const errors = [...validateObjectMeta(object.metadata ?? {}, objectMetaRules(resource)), ...strategy.validate(object)];
    if (errors.length > 0) throw newInvalid(resource, object.metadata?.name ?? '', errors);
    if (attempt === 1) context.warnings?.push(...strategy.warnings?.(object, undefined) ?? []);
    const review = parts.admission.review(attributes);
    if (review) await review;
    // The storage refuses it, behind everything else; who only tries gets nowhere near it.
    if (given.metadata?.resourceVersion && !context.dryRun) throw newBadRequest('resourceVersion should not be set on objects to be created');
    try {
      return await write(request, object, () => parts.admission.validate(attributes));
    } catch (error) {
      if (!(error instanceof KeyConflictError)) throw error;
      if (!base || attempt === generateNameAttempts) throw alreadyExists(error, strategy, object.metadata ?? {}, base !== undefined);
    }
  }
}

function trackFields<T extends KubernetesObject>({ parts, strategy, context }: CreateRequest<T>, object: T, given: T): void {
  const sent = given.metadata?.managedFields;
  const wanted = sent ? { ...object, metadata: { ...object.metadata, managedFields: sent } } : object;
  const managedFields = context.managerOperation === 'Apply' ? sent
    : trackUpdate(fieldWriteOf({ context, resource: strategy.resource, subresource: undefined, now: timestamp(parts.clock.now()) }), undefined, wanted);
  if (managedFields) (object.metadata as Writable<ObjectMeta>).managedFields = managedFields as ObjectMeta['managedFields'];
}

/** The fields of metadata that a client gives, checked, and those that the server owns, set. */
function ownMetadata<T extends KubernetesObject>(request: CreateRequest<T>, given: ObjectMeta): Writable<ObjectMeta> {
  const { parts, strategy, namespace } = request;
  const { selfLink: _, managedFields: __, deletionTimestamp: ___, deletionGracePeriodSeconds: ____, generation: _____, resourceVersion: ______, ...metadata } = given;
  if (strategy.resource.namespaced) metadata.namespace = matchNamespace(metadata.namespace, namespace);
  else delete metadata.namespace;
  return { ...metadata, uid: parts.random.uuid(), creationTimestamp: timestamp(parts.clock.now()) };
}

/** @throws StatusError BadRequest when both name a namespace, and not the same one. */
export function matchNamespace(inObject: string | undefined, requested: string | undefined): string {
  if (inObject && requested && inObject !== requested) {
    throw newBadRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const namespace = requested || inObject;
  if (!namespace) throw newBadRequest('an empty namespace may not be set during creation');
  return namespace;
}

async function write<T extends KubernetesObject>(request: CreateRequest<T>, object: T, lastCheck: () => Reservation | undefined): Promise<T> {
  const { parts, strategy, context } = request;
  const key = storageKey(strategy.resource, object.metadata?.namespace, object.metadata?.name ?? '');
  const existing = parts.storage.get(key);
  if (existing) throw new KeyConflictError(key, existing);
  const reservation = strategy.reserve?.(object, undefined);
  let admitted: Reservation | undefined;
  let written = false;
  try {
    admitted = lastCheck();
    if (context.dryRun) return object;
    const durable = !(strategy.isVolatile?.(object, undefined) ?? false);
    const stored = await commitOne(parts, { key, expected: 0, object, durable });
    written = true;
    return stored?.object as T;
  } finally {
    settle(written, reservation, admitted);
  }
}

export function settle(written: boolean, ...reservations: readonly (Reservation | undefined)[]): void {
  for (const reservation of reservations) {
    if (written) reservation?.commit();
    else reservation?.rollback();
  }
}

function alreadyExists(conflict: KeyConflictError, strategy: Strategy, metadata: ObjectMeta, generated: boolean): StatusError {
  const { status } = newAlreadyExists(strategy.resource, metadata.name ?? '');
  if (generated) {
    return new StatusError({
      ...status,
      message: `${status.message}, the server was not able to generate a unique name for the object`,
      details: { ...status.details, retryAfterSeconds: 1 },
    });
  }
  if (!conflict.current?.object.metadata?.deletionTimestamp) return new StatusError(status);
  return new StatusError({ ...status, message: `object is being deleted: ${status.message}` });
}
