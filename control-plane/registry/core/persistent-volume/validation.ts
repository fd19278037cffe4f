/** Validation of PersistentVolumes, beyond metadata. Follows pkg/apis/core/validation. */
import type { PersistentVolume } from '../../../../api/core.ts';
import { deepEqual } from '../../deep-equal.ts';
import { check, forbidden, immutable, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { dnsSubdomain } from '../../validation/names.ts';
import { positiveAmount, validateBasicAmount } from '../../validation/resource-names.ts';
import { validateAccessModes, validateVolumeMode } from '../persistent-volume-claim/validation.ts';
import { validateNodeSelector } from '../pod/validate-scheduling.ts';
import { sourceTypes, validateVolumeSource } from './validate-source.ts';

export type PersistentVolumeSpec = NonNullable<PersistentVolume['spec']>;

const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];

export function validatePersistentVolume(volume: PersistentVolume): FieldError[] {
  const spec: PersistentVolumeSpec = volume.spec ?? {};
  const { persistentVolumeReclaimPolicy: policy, storageClassName, volumeAttributesClassName: attributesClass } = spec;
  return [
    ...(spec.accessModes?.length ? [] : [required('spec.accessModes')]),
    ...validateAccessModes(spec.accessModes ?? [], 'spec.accessModes'),
    ...validateCapacity(spec.capacity),
    ...(policy && !reclaimPolicies.includes(policy) ? [notSupported('spec.persistentVolumeReclaimPolicy', policy, reclaimPolicies)] : []),
    ...validateNodeAffinity(spec.nodeAffinity),
    ...validateSources(spec),
    ...(policy === 'Recycle' && isRoot(spec.hostPath?.path) ? [forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'")] : []),
    ...(storageClassName ? check('spec.storageClassName', storageClassName, dnsSubdomain) : []),
    ...validateVolumeMode(spec.volumeMode, 'spec.volumeMode'),
    ...(attributesClass === undefined ? [] : [
      ...(attributesClass ? check('spec.volumeAttributesClassName', attributesClass, dnsSubdomain) : [required('spec.volumeAttributesClassName', 'an empty string is disallowed')]),
      ...(spec.csi ? [] : [required('spec.csi', 'has to be specified when using volumeAttributesClassName')]),
    ]),
  ];
}

function isRoot(path: string | undefined): boolean {
  return path !== undefined && /^\/[/.]*$/.test(path);
}

function validateCapacity(capacity: PersistentVolumeSpec['capacity']): FieldError[] {
  const entries = Object.entries(capacity ?? {});
  return [
    ...(entries.length === 0 ? [required('spec.capacity')] : []),
    ...(capacity?.['storage'] === undefined || entries.length > 1 ? [notSupported('spec.capacity', capacity, ['storage'])] : []),
    ...entries.flatMap(([name, amount]) => [...validateBasicAmount(amount, `spec.capacity[${name}]`), ...positiveAmount(amount, `spec.capacity[${name}]`)]),
  ];
}

function validateNodeAffinity(affinity: PersistentVolumeSpec['nodeAffinity']): FieldError[] {
  if (!affinity) return [];
  return affinity.required ? validateNodeSelector(affinity.required, 'spec.nodeAffinity.required') : [required('spec.nodeAffinity.required', 'must specify required node constraints')];
}

function validateSources(spec: PersistentVolumeSpec): FieldError[] {
  const [first, ...more] = sourceTypes.filter((type) => spec[type] !== undefined);
  if (!first) return [required('spec', 'must specify a volume type')];
  return [
    ...validateVolumeSource(spec, first, 'spec'),
    ...more.map((type) => forbidden(`spec.${type}`, 'may not specify more than 1 volume type')),
    ...(first === 'local' && !spec.nodeAffinity ? [required('spec.nodeAffinity', 'Local volume requires node affinity')] : []),
  ];
}

export function validatePersistentVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const [spec, before] = [volume.spec ?? {}, old.spec ?? {}];
  const changed = sourceTypes.filter((type) => !deepEqual(settableLater(spec, before)[type], before[type]));
  const field = 'spec.volumeAttributesClassName';
  return [
    ...validatePersistentVolume(volume),
    // Where Kubernetes shows the difference of the two sources, this names the fields.
    ...(changed.length > 0 ? [forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n  changed: ${changed.map((type) => `spec.${type}`).join(', ')}`)] : []),
    ...immutable('volumeMode', spec.volumeMode, spec.volumeMode === before.volumeMode),
    ...(before.nodeAffinity ? immutable('nodeAffinity', spec.nodeAffinity, deepEqual(spec.nodeAffinity, before.nodeAffinity)) : []),
    ...(before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined ? [forbidden(field, 'update from non-nil value to nil is forbidden')] : []),
  ];
}

/** The secret for expansion may come later than the volume. */
function settableLater(spec: PersistentVolumeSpec, before: PersistentVolumeSpec): PersistentVolumeSpec {
  if (!spec.csi || !before.csi || before.csi.controllerExpandSecretRef) return spec;
  const { controllerExpandSecretRef: _, ...csi } = spec.csi;
  return { ...spec, csi };
}

