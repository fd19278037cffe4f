/** metadata of every kind. Follows k8s.io/apimachinery/pkg/api/validation/objectmeta.go. */
import type { ObjectMeta, OwnerReference } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import { deepEqual } from '../deep-equal.ts';
import { check, duplicate, forbidden, immutable, invalid, notNegative, required, tooLong, type FieldError } from './field-errors.ts';
import { validateManagedFields } from './field-manager.ts';
import { asPrefix, dns1035Label, dnsLabel, dnsSubdomain, labelValue, pathSegment, qualifiedName, type Rule } from './names.ts';
import { strictAddress } from './strict-addresses.ts';

export type NameRule = 'dns-subdomain' | 'dns-label' | 'dns-1035-label' | 'path-segment' | 'ip-address';

export interface ObjectMetaRules {
  namespaced: boolean;
  nameRule: NameRule;
  /** Finalizers need no domain: of custom kinds, whose clients are only warned. */
  bareFinalizers?: boolean;
}

const rules: Readonly<Record<NameRule, Rule>> = {
  'dns-subdomain': dnsSubdomain,
  'dns-label': dnsLabel,
  'dns-1035-label': dns1035Label,
  'path-segment': pathSegment,
  'ip-address': strictAddress,
};

const rbac = 'rbac.authorization.k8s.io';

/** `group/plural` of kinds whose names follow another rule than DNS subdomains: they become something narrower, or nothing else. */
const nameRules: Readonly<Record<string, NameRule>> = {
  'networking.k8s.io/ipaddresses': 'ip-address', '/namespaces': 'dns-label', '/services': 'dns-1035-label', '/events': 'path-segment', 'apps/statefulsets': 'dns-label',
  [`${rbac}/roles`]: 'path-segment', [`${rbac}/rolebindings`]: 'path-segment', [`${rbac}/clusterroles`]: 'path-segment',
  [`${rbac}/clusterrolebindings`]: 'path-segment',
  'certificates.k8s.io/certificatesigningrequests': 'path-segment', 'apiregistration.k8s.io/apiservices': 'path-segment',
};

/** Bytes that all annotations of an object may have. */
export const maxAnnotationBytes = 256 * 1024;
/** Finalizers of Kubernetes itself, which have no domain. */
const bareFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);
/** Events cannot own anything: they go away by themselves. */
const bannedOwners = new Set(['v1/Event', 'events.k8s.io/v1/Event']);

/** How objects of a kind are named. */
export function objectMetaRules(resource: Pick<Resource, 'group' | 'plural' | 'namespaced' | 'custom'>): ObjectMetaRules {
  const nameRule = nameRules[`${resource.group}/${resource.plural}`];
  return { namespaced: resource.namespaced, nameRule: nameRule ?? 'dns-subdomain', ...(resource.custom ? { bareFinalizers: true } : {}) };
}

/** Of a new object. */
export function validateObjectMeta(metadata: ObjectMeta, options: ObjectMetaRules, path = 'metadata'): FieldError[] {
  const rule = rules[options.nameRule];
  return [
    ...(metadata.generateName ? check(`${path}.generateName`, metadata.generateName, asPrefix(rule)) : []),
    ...(metadata.name
      ? check(`${path}.name`, metadata.name, rule)
      : [required(`${path}.name`, 'name or generateName is required')]),
    ...validateNamespaceField(metadata, options, path),
    ...validateClientFields(metadata, path, options.bareFinalizers),
  ];
}

function validateNamespaceField({ namespace }: ObjectMeta, { namespaced }: ObjectMetaRules, path: string): FieldError[] {
  if (!namespaced) return namespace ? [forbidden(`${path}.namespace`, 'not allowed on this type')] : [];
  return namespace ? check(`${path}.namespace`, namespace, dnsLabel) : [required(`${path}.namespace`)];
}

function validateClientFields(metadata: ObjectMeta, path: string, bareFinalizers = false): FieldError[] {
  return [
    ...notNegative(`${path}.generation`, metadata.generation),
    ...validateLabels(metadata.labels, `${path}.labels`),
    ...validateAnnotations(metadata.annotations, `${path}.annotations`),
    ...validateOwnerReferences(metadata.ownerReferences ?? [], `${path}.ownerReferences`),
    ...validateFinalizers(metadata.finalizers ?? [], `${path}.finalizers`, bareFinalizers),
    ...validateManagedFields(metadata.managedFields, `${path}.managedFields`),
  ];
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [...check(path, key, qualifiedName), ...check(path, value, labelValue)]);
}

export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  const errors = entries.flatMap(([key]) => check(path, key, (text) => qualifiedName(text.toLowerCase())));
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return size > maxAnnotationBytes ? [...errors, tooLong(path, maxAnnotationBytes)] : errors;
}

function validateOwnerReferences(references: readonly OwnerReference[], path: string): FieldError[] {
  const errors = references.flatMap((reference) => validateOwnerReference(reference, path));
  const controllers = references.filter((reference) => reference.controller === true);
  if (controllers.length > 1) {
    const [first, second] = controllers.map((reference) => `${reference.kind || ''}/${reference.name || ''}`);
    errors.push(invalid(path, references, `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`));
  }
  return errors;
}

function validateOwnerReference({ apiVersion, kind, name, uid }: OwnerReference, path: string): FieldError[] {
  return [
    ...(apiVersion ? [] : [invalid(`${path}.apiVersion`, '', 'version must not be empty')]),
    ...(kind ? [] : [invalid(`${path}.kind`, '', 'must not be empty')]),
    ...(name ? [] : [invalid(`${path}.name`, '', 'must not be empty')]),
    ...(uid ? [] : [invalid(`${path}.uid`, '', 'must not be empty')]),
    ...(bannedOwners.has(`${apiVersion}/${kind}`) ? [invalid(path, { apiVersion, kind, name, uid }, `${apiVersion}, Kind=${kind} is disallowed from being an owner`)] : []),
  ];
}

function validateFinalizers(finalizers: readonly string[], path: string, bare: boolean): FieldError[] {
  const errors = finalizers.flatMap((finalizer, index) => {
    const wrong = check(path, finalizer, qualifiedName);
    return wrong.length > 0 || bare ? wrong : validateFinalizerName(finalizer, `${path}[${index}]`);
  });
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return errors;
}

/** One that is neither Kubernetes' own nor says whose it is. */
export function isBareFinalizer(name: string): boolean {
  return !name.includes('/') && !bareFinalizers.has(name);
}

export function validateFinalizerName(name: string, path: string): FieldError[] {
  const errors = check(path, name, qualifiedName);
  if (errors.length > 0 || !isBareFinalizer(name)) return errors;
  return [invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified')];
}

const immutableFields = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** Of an object that takes the place of `old`. */
export function validateObjectMetaUpdate(metadata: ObjectMeta, old: ObjectMeta, path = 'metadata', bareFinalizers = false): FieldError[] {
  const errors = immutableFields.flatMap((field) => immutable(`${path}.${field}`, metadata[field], (metadata[field] ?? '') === (old[field] ?? '')));
  if (!metadata.resourceVersion) errors.push(invalid(`${path}.resourceVersion`, metadata.resourceVersion ?? '', 'must be specified for an update'));
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) errors.push(invalid(`${path}.generation`, metadata.generation ?? 0, 'must not be decremented'));
  return [...errors, ...validateNewFinalizers(metadata, old, path), ...validateClientFields(withoutUnchanged(metadata, old), path, bareFinalizers)];
}

/** An object whose deletion has begun takes no new finalizers: it would never go. */
function validateNewFinalizers(metadata: ObjectMeta, old: ObjectMeta, path: string): FieldError[] {
  if (!old.deletionTimestamp) return [];
  const added = (metadata.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
  if (added.length === 0) return [];
  return [forbidden(`${path}.finalizers`, `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`)];
}

/** What was accepted once is not refused later: rules get stricter over time. */
function withoutUnchanged(metadata: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { labels, annotations, finalizers, ownerReferences, generation, managedFields } = metadata;
  return {
    generation,
    ...(managedFields === old.managedFields ? {} : { managedFields }),
    ...(deepEqual(labels, old.labels) ? {} : { labels }),
    ...(deepEqual(annotations, old.annotations) ? {} : { annotations }),
    ...(deepEqual(finalizers, old.finalizers) ? {} : { finalizers }),
    ...(deepEqual(ownerReferences, old.ownerReferences) ? {} : { ownerReferences }),
  };
}

/** Names in a list that come twice, at the index of the second. */
export function duplicates(values: readonly (string | undefined)[], path: (index: number) => string): FieldError[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    if (!value) return [];
    if (seen.has(value)) return [duplicate(path(index), value)];
    seen.add(value);
    return [];
  });
}
