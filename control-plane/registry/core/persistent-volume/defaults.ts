/** Defaults of PersistentVolumes. Follows pkg/apis/core/v1/defaults.go. */
import { defaultForeignSources } from '../../validation/default-foreign-sources.ts';
import type { PersistentVolume } from '../../../../api/core.ts';
import type { Writable } from '../../writable.ts';

export function defaultPersistentVolume(volume: Writable<PersistentVolume>): void {
  if (!volume.status?.phase) volume.status = { ...volume.status, phase: 'Pending' };
  const spec = volume.spec ??= {};
  spec.persistentVolumeReclaimPolicy ||= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  if (spec.hostPath) spec.hostPath.type ??= '';
  defaultForeignSources(spec);
}
