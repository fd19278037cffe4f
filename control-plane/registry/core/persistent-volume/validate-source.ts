/** Where the data of a PersistentVolume is. Follows pkg/apis/core/validation, in its order. */
import type { PersistentVolume } from '../../../../api/core.ts';
import { required, type FieldError } from '../../validation/field-errors.ts';
import { validateForeignSource, validateSecretReference } from '../../validation/volume-sources.ts';
import { validateCsiDriverName } from '../../storage/csi-driver-name.ts';
import { noBacksteps } from '../pod/validate-volume-mounts.ts';
import { validateHostPath, validateNfs } from '../pod/validate-volumes.ts';

type Spec = NonNullable<PersistentVolume['spec']>;
type SourceType = typeof sourceTypes[number];

export const sourceTypes = [
  'hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd', 'quobyte', 'cephfs', 'iscsi', 'cinder', 'fc',
  'flexVolume', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'scaleIO', 'local', 'storageos', 'csi',
] as const;

export function validateVolumeSource(spec: Spec, type: SourceType, parent: string): FieldError[] {
  const path = `${parent}.${type}`;
  switch (type) {
    case 'hostPath': return validateHostPath(spec.hostPath!, path);
    case 'nfs': return validateNfs(spec.nfs!, path);
    case 'local': return spec.local!.path ? noBacksteps(`${path}.path`, spec.local!.path) : [required(`${path}.path`)];
    case 'csi': return validateCsi(spec.csi!, path);
    default: return validateForeignSource(spec[type] as Readonly<Record<string, unknown>>, type, path, false);
  }
}

const secretReferences = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const;

function validateCsi(source: Partial<NonNullable<Spec['csi']>>, path: string): FieldError[] {
  return [
    ...validateCsiDriverName(`${path}.driver`, source.driver),
    ...(source.volumeHandle ? [] : [required(`${path}.volumeHandle`)]),
    ...secretReferences.flatMap((field) => {
      const reference = source[field];
      return reference ? validateSecretReference(reference, `${path}.${field}`) : [];
    }),
  ];
}
