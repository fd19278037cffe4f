/** PersistentVolumes, their claims, and ResourceQuotas. */
import type { PersistentVolume, PersistentVolumeClaim, ResourceQuota } from '../../../api/core.ts';
import { age } from './human-duration.ts';
import { ageColumn, column, nameColumn, wideColumn, type Printer } from './printer.ts';

const unset = '<unset>';
const betaStorageClassAnnotation = 'volume.beta.kubernetes.io/storage-class';
const accessModes: readonly (readonly [string, string])[] = [['ReadWriteOnce', 'RWO'], ['ReadOnlyMany', 'ROX'], ['ReadWriteMany', 'RWX'], ['ReadWriteOncePod', 'RWOP']];

function formatAccessModes(modes: readonly string[] | undefined): string {
  return accessModes.filter(([mode]) => modes?.includes(mode)).map(([, short]) => short).join(',');
}

export const persistentVolumePrinter: Printer<PersistentVolume> = {
  columns: [
    nameColumn,
    column('Capacity', { description: 'How much fits in.' }),
    column('Access Modes', { description: 'Who may use it at the same time.' }),
    column('Reclaim Policy', { description: 'What becomes of it when its claim goes.' }),
    column('Status', { description: 'Whether it is bound.' }),
    column('Claim', { description: 'Who has it.' }),
    column('StorageClass', { description: 'StorageClass of the pv' }),
    column('VolumeAttributesClass', { description: 'VolumeAttributesClass of the pv' }),
    column('Reason', { description: 'Why it is in this phase.' }),
    ageColumn,
    wideColumn('VolumeMode', 'A file system or raw blocks.'),
  ],
  cells({ metadata, spec, status }, now) {
    const phase = metadata?.deletionTimestamp === undefined ? status?.phase ?? '' : 'Terminating';
    const claim = spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '';
    return [
      metadata?.name ?? '', spec?.capacity?.['storage'] ?? '0', formatAccessModes(spec?.accessModes), spec?.persistentVolumeReclaimPolicy ?? '', phase, claim,
      metadata?.annotations?.[betaStorageClassAnnotation] ?? spec?.storageClassName ?? '', spec?.volumeAttributesClassName ?? unset, status?.reason ?? '',
      age(metadata?.creationTimestamp, now), spec?.volumeMode ?? unset,
    ];
  },
};

export const persistentVolumeClaimPrinter: Printer<PersistentVolumeClaim> = {
  columns: [
    nameColumn,
    column('Status', { description: 'Whether it is bound.' }),
    column('Volume', { description: 'What it has.' }),
    column('Capacity', { description: 'How much fits in.' }),
    column('Access Modes', { description: 'Who may use it at the same time.' }),
    column('StorageClass', { description: 'StorageClass of the pvc' }),
    column('VolumeAttributesClass', { description: 'VolumeAttributesClass of the pvc' }),
    ageColumn,
    wideColumn('VolumeMode', 'A file system or raw blocks.'),
  ],
  cells({ metadata, spec, status }, now) {
    const phase = metadata?.deletionTimestamp === undefined ? status?.phase ?? '' : 'Terminating';
    const bound = Boolean(spec?.volumeName);
    return [
      metadata?.name ?? '', phase, spec?.volumeName ?? '', bound ? status?.capacity?.['storage'] ?? '0' : '', bound ? formatAccessModes(status?.accessModes) : '',
      metadata?.annotations?.[betaStorageClassAnnotation] ?? spec?.storageClassName ?? '', spec?.volumeAttributesClassName ?? unset,
      age(metadata?.creationTimestamp, now), spec?.volumeMode ?? unset,
    ];
  },
};

export const resourceQuotaPrinter: Printer<ResourceQuota> = {
  columns: [
    nameColumn,
    column('Request', { description: 'Request represents a minimum amount of cpu/memory that a container may consume.' }),
    column('Limit', { description: 'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.' }),
    ageColumn,
  ],
  cells({ metadata, status }, now) {
    const names = Object.keys(status?.hard ?? {}).sort();
    const texts = (limits: boolean) => names.filter((name) => name.startsWith('limits.') === limits).map((name) => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name] ?? '0'}`).join(', ');
    return [metadata?.name ?? '', texts(false), texts(true), age(metadata?.creationTimestamp, now)];
  },
};
