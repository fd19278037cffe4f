/** Validation of PersistentVolumeClaims, beyond metadata. Follows pkg/apis/core/validation. */
import type { PersistentVolumeClaim } from '../../../../api/core.ts';
import { compareQuantities } from '../../../../api/quantity.ts';
import { deepEqual } from '../../deep-equal.ts';
import { check, forbidden, immutable, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../../validation/names.ts';
import { isNativeResource, positiveAmount, validateBasicAmount, validateResourceAmount } from '../../validation/resource-names.ts';

type Spec = NonNullable<PersistentVolumeClaim['spec']>;
type DataSource = Partial<NonNullable<Spec['dataSourceRef']>>;

export const betaStorageClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const volumeModes = ['Block', 'Filesystem'];
const resizeStates = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'];

export function validateClaim(claim: PersistentVolumeClaim): FieldError[] {
  return validateClaimSpec(claim.spec ?? {}, 'spec');
}

/** @param path of the spec: a StatefulSet's templates and ephemeral volumes have claims too. */
export function validateClaimSpec(spec: Spec, path: string): FieldError[] {
  return [
    ...(spec.accessModes?.length ? [] : [required(`${path}.accessModes`, 'at least 1 access mode is required')]),
    ...validateLabelSelector(spec.selector, `${path}.selector`),
    ...validateAccessModes(spec.accessModes ?? [], `${path}.accessModes`),
    ...validateSize(spec, `${path}.resources[storage]`),
    ...(spec.storageClassName ? check(`${path}.storageClassName`, spec.storageClassName, dnsSubdomain) : []),
    ...validateVolumeMode(spec.volumeMode, `${path}.volumeMode`),
    ...validateDataSources(spec, path),
    ...(spec.volumeAttributesClassName ? check(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName, dnsSubdomain) : []),
  ];
}

export function validateAccessModes(modes: readonly string[], field: string): FieldError[] {
  const known = modes.filter((mode) => accessModes.includes(mode));
  const exclusive = known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod');
  return [
    ...modes.filter((mode) => !accessModes.includes(mode)).map((mode) => notSupported(field, mode, accessModes)),
    ...(exclusive ? [forbidden(field, 'may not use ReadWriteOncePod with other access modes')] : []),
  ];
}

export function validateVolumeMode(mode: string | undefined, field: string): FieldError[] {
  return mode === undefined || volumeModes.includes(mode) ? [] : [notSupported(field, mode, volumeModes)];
}

function validateSize({ resources }: Spec, field: string): FieldError[] {
  const size = resources?.requests?.['storage'];
  if (size === undefined) return [required(field)];
  const errors = positiveAmount(size, field);
  return errors.length > 0 ? errors : validateResourceAmount('storage', size, field);
}

function validateDataSources({ dataSource, dataSourceRef }: Spec, path: string): FieldError[] {
  const errors = [
    ...(dataSource ? validateDataSource(dataSource, `${path}.dataSource`) : []),
    ...(dataSourceRef ? validateDataSource(dataSourceRef, `${path}.dataSourceRef`) : []),
  ];
  if (dataSourceRef?.namespace) {
    if (dataSource) errors.push(invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  } else if (dataSource && dataSourceRef && !sameSource(dataSource, dataSourceRef)) {
    errors.push(invalid(path, {}, 'must match dataSourceRef'));
  }
  return errors;
}

function sameSource(left: DataSource, right: DataSource): boolean {
  return left.apiGroup === right.apiGroup && left.kind === right.kind && left.name === right.name;
}

function validateDataSource({ apiGroup, kind = '', name, namespace }: DataSource, path: string): FieldError[] {
  return [
    ...(name ? [] : [required(`${path}.name`)]),
    ...(kind ? [] : [required(`${path}.kind`)]),
    ...(!apiGroup && kind !== 'PersistentVolumeClaim' ? [invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")] : []),
    ...(apiGroup ? check(`${path}.apiGroup`, apiGroup, dnsSubdomain) : []),
    ...(namespace ? check(`${path}.namespace`, namespace, dnsLabel) : []),
  ];
}

/** What was bound once stays what it is, but for its size and the class of its attributes. */
export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const [spec, before] = [claim.spec ?? {}, old.spec ?? {}];
  const errors = validateClaim(claim);
  const [wanted, was] = comparable(claim, old);
  if (!wanted.fromAnnotation) errors.push(...validateClassAnnotation(claim, old));
  if (!deepEqual(wanted.spec, was)) {
    const changed = [...new Set([...Object.keys(wanted.spec), ...Object.keys(was)])].filter((field) => !deepEqual(wanted.spec[field as keyof Spec], was[field as keyof Spec]));
    // Where Kubernetes shows the difference of the two specs, this names the fields.
    errors.push(forbidden('spec', `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n  changed: ${changed.sort().map((field) => `spec.${field}`).join(', ')}`));
  }
  errors.push(...validateShrinking(claim, old), ...immutable('volumeMode', spec.volumeMode, spec.volumeMode === before.volumeMode));
  const field = 'spec.volumeAttributesClassName';
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) errors.push(forbidden(field, 'update from non-nil value to nil is forbidden'));
  else if (before.volumeAttributesClassName && spec.volumeAttributesClassName === '') errors.push(forbidden(field, 'update from non-nil value to an empty string is forbidden'));
  return errors;
}

/** Both specs, with what may change made the same. */
function comparable(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): [{ spec: Spec; fromAnnotation: boolean }, Spec] {
  const wanted: Spec = { ...claim.spec };
  const before: Spec = { ...old.spec };
  // The controller that binds it says to which volume, once.
  if (!before.volumeName && wanted.volumeName !== undefined) before.volumeName = wanted.volumeName;
  const fromAnnotation = takesClassFromAnnotation(claim, old);
  if (fromAnnotation || takesClassFromNothing(claim, old)) delete wanted.storageClassName;
  if (claim.status?.phase === 'Bound') {
    const storage = before.resources?.requests?.['storage'];
    if (wanted.resources?.requests && storage !== undefined) wanted.resources = { ...wanted.resources, requests: { ...wanted.resources.requests, storage } };
    if (wanted.volumeAttributesClassName !== undefined) {
      if (before.volumeAttributesClassName === undefined) delete wanted.volumeAttributesClassName;
      else wanted.volumeAttributesClassName = before.volumeAttributesClassName;
    }
  }
  return [{ spec: wanted, fromAnnotation }, before];
}

function takesClassFromAnnotation(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const before = old.metadata?.annotations?.[betaStorageClassAnnotation];
  const now = claim.metadata?.annotations?.[betaStorageClassAnnotation];
  return before !== undefined && old.spec?.storageClassName === undefined && claim.spec?.storageClassName === before && (now === undefined || now === before);
}

/** A claim that waited for a default class gets one when there is one. */
function takesClassFromNothing(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const before = old.metadata?.annotations?.[betaStorageClassAnnotation];
  const now = claim.spec?.storageClassName;
  return now !== undefined && old.spec?.storageClassName === undefined && (before === undefined || before === now);
}

function validateClassAnnotation(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const now = claim.metadata?.annotations?.[betaStorageClassAnnotation] ?? '';
  const before = old.metadata?.annotations?.[betaStorageClassAnnotation] ?? '';
  return immutable(`metadata.annotations[${betaStorageClassAnnotation}]`, now, now === before);
}

/** A size that could not be reached may be taken back, but not below what there is. */
function validateShrinking(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const now = claim.spec?.resources?.requests?.['storage'] ?? '0';
  const before = old.spec?.resources?.requests?.['storage'] ?? '0';
  const actual = old.status?.capacity?.['storage'] ?? '0';
  const refused = compareQuantities(now, before) < 0 && compareQuantities(now, actual) <= 0;
  return refused ? [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')] : [];
}

export function validateClaimStatusUpdate(claim: PersistentVolumeClaim, _old: PersistentVolumeClaim): FieldError[] {
  const { capacity = {}, allocatedResources = {}, allocatedResourceStatuses = {} } = claim.status ?? {};
  return [
    ...(claim.spec?.accessModes?.length ? [] : [required('Spec.accessModes')]),
    ...Object.entries(capacity).flatMap(([name, amount]) => validateBasicAmount(amount, `status.capacity[${name}]`)),
    ...Object.entries(allocatedResourceStatuses).flatMap(([name, state]) => [
      ...validateClaimResource(name, 'status.allocatedResourceStatus'),
      ...(resizeStates.includes(state) ? [] : [notSupported('status.allocatedResourceStatus', name, resizeStates)]),
    ]),
    ...Object.entries(allocatedResources).flatMap(([name, amount]) => {
      const errors = validateClaimResource(name, 'status.allocatedResources');
      return errors.length > 0 ? errors : validateBasicAmount(amount, `status.allocatedResources[${name}]`);
    }),
  ];
}

function validateClaimResource(name: string, field: string): FieldError[] {
  const errors = check(field, name, qualifiedName);
  if (errors.length > 0 || !isNativeResource(name) || name === 'storage') return errors;
  return [notSupported(field, name, ['storage'])];
}
