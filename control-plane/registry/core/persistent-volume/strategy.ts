/** PersistentVolumes. Follows pkg/registry/core/persistentvolume. */
import type { PersistentVolume } from '../../../../api/core.ts';
import { persistentVolumes } from '../../../../api/resources.ts';
import type { Strategy } from '../../strategy.ts';
import { createUncountedStrategy } from '../../uncounted-strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultPersistentVolume } from './defaults.ts';
import { validatePersistentVolume, validatePersistentVolumeUpdate } from './validation.ts';

export const persistentVolumeStrategy: Strategy<PersistentVolume> = createUncountedStrategy(persistentVolumes, {
  returnsDeletedObject: true,
  selectableFields: ['name'],
  selectField: ({ metadata }, field) => (field === 'name' ? metadata?.name ?? '' : ''),
  defaults: defaultPersistentVolume,
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  prepareForCreate(volume: Writable<PersistentVolume>) {
    // It is created in its first phase.
    volume.status = { phase: 'Pending', ...(volume.metadata?.creationTimestamp ? { lastPhaseTransitionTime: volume.metadata.creationTimestamp } : {}) };
  },
});
