/** Where the data of a PersistentVolume is. Follows pkg/apis/core/validation, in its order. */
import type { PersistentVolume } from '../../../../api/core.ts';
import { between, check, invalid, required, tooLong, type FieldError } from '../../validation/field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/names.ts';
import { noBacksteps } from '../pod/validate-volume-mounts.ts';
import { validateHostPath, validateNfs } from '../pod/validate-volumes.ts';

type Spec = NonNullable<PersistentVolume['spec']>;
type SourceType = typeof sourceTypes[number];

export const sourceTypes = [
  'hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd', 'quobyte', 'cephfs', 'iscsi', 'cinder', 'fc',
  'flexVolume', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'scaleIO', 'local', 'storageos', 'csi',
] as const;

/** Fields that a source cannot do without, where that is all there is to check. */
const requiredFields: Readonly<Partial<Record<SourceType, readonly string[]>>> = {
  gcePersistentDisk: ['pdName'], awsElasticBlockStore: ['volumeID'], glusterfs: ['endpoints', 'path'], rbd: ['monitors', 'image'], quobyte: ['registry', 'volume'],
  cephfs: ['monitors'], cinder: ['volumeID'], flexVolume: ['driver'], azureFile: ['secretName', 'shareName'], vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'], portworxVolume: ['volumeID'], azureDisk: ['diskName', 'diskURI'], scaleIO: ['gateway', 'system', 'volumeName'], storageos: ['volumeName'],
};

export function validateVolumeSource(spec: Spec, type: SourceType, parent: string): FieldError[] {
  const path = `${parent}.${type}`;
  switch (type) {
    case 'hostPath': return validateHostPath(spec.hostPath!, path);
    case 'nfs': return validateNfs(spec.nfs!, path);
    case 'local': return spec.local!.path ? noBacksteps(`${path}.path`, spec.local!.path) : [required(`${path}.path`)];
    case 'csi': return validateCsi(spec.csi!, path);
    case 'iscsi': return validateIscsi(spec.iscsi!, path);
    default: return validateRequired(spec[type] as Record<string, unknown>, requiredFields[type] ?? [], path);
  }
}

function validateRequired(source: Readonly<Record<string, unknown>>, fields: readonly string[], path: string): FieldError[] {
  return fields.filter((field) => {
    const value = source[field];
    return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  }).map((field) => required(`${path}.${field}`));
}

/** Names of drivers: domains in which capitals count as small letters. */
export function validateCsiDriverName(name: string, field: string): FieldError[] {
  return [
    ...(name === '' ? [required(field)] : []),
    ...(name.length > 63 ? [tooLong(field, 63)] : []),
    ...dnsSubdomain(name.toLowerCase()).map((problem) => invalid(field, name, problem)),
  ];
}

const secretReferences = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const;

function validateCsi(source: Partial<NonNullable<Spec['csi']>>, path: string): FieldError[] {
  return [
    ...validateCsiDriverName(source.driver ?? '', `${path}.driver`),
    ...(source.volumeHandle ? [] : [required(`${path}.volumeHandle`)]),
    ...secretReferences.flatMap((field) => {
      const reference = source[field];
      if (!reference) return [];
      return [
        ...(reference.name ? check(`${path}.${field}.name`, reference.name, dnsSubdomain) : [required(`${path}.${field}.name`)]),
        ...(reference.namespace ? check(`${path}.${field}.namespace`, reference.namespace, dnsLabel) : [required(`${path}.${field}.namespace`)]),
      ];
    }),
  ];
}

function validateIscsi(source: Partial<NonNullable<Spec['iscsi']>>, path: string): FieldError[] {
  const { iqn = '', lun = 0, secretRef } = source;
  const named = /^(iqn\.\d{4}-\d{2}\.([a-z0-9-.]+\.)*[a-z0-9-.]+(:[^,;*&$|\s]+)?|eui\.[0-9a-fA-F]{16}|naa\.[0-9a-fA-F]{32})$/i.test(iqn);
  return [
    ...validateRequired(source, ['targetPortal', 'iqn'], path),
    ...(iqn && !named ? [invalid(`${path}.iqn`, iqn, 'must be valid format')] : []),
    ...between(`${path}.lun`, lun, [0, 255]),
    ...((source.chapAuthDiscovery || source.chapAuthSession) && !secretRef ? [required(`${path}.secretRef`)] : []),
    ...(secretRef && !secretRef.name ? [required(`${path}.secretRef.name`)] : []),
  ];
}
