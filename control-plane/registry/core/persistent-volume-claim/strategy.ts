/** PersistentVolumeClaims. Follows pkg/registry/core/persistentvolumeclaim. */
import type { PersistentVolumeClaim } from '../../../../api/core.ts';
import { persistentVolumeClaims } from '../../../../api/resources.ts';
import { keepField } from '../../keep-field.ts';
import type { Strategy } from '../../strategy.ts';
import { createUncountedStrategy } from '../../uncounted-strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultClaim } from './defaults.ts';
import { validateClaim, validateClaimStatusUpdate, validateClaimUpdate } from './validation.ts';

type Spec = NonNullable<PersistentVolumeClaim['spec']>;

export const persistentVolumeClaimStrategy: Strategy<PersistentVolumeClaim> = createUncountedStrategy(persistentVolumeClaims, {
  returnsDeletedObject: true,
  selectableFields: ['name'],
  selectField: ({ metadata }, field) => (field === 'name' ? metadata?.name ?? '' : ''),
  defaults: defaultClaim,
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatusUpdate,
  prepareForCreate(claim: Writable<PersistentVolumeClaim>) {
    claim.status = { phase: 'Pending' };
    if (claim.spec) normalizeDataSources(claim.spec);
  },
  prepareForUpdate(claim: Writable<PersistentVolumeClaim>, old) {
    keepField(claim, old, 'status');
    if (claim.spec) normalizeDataSources(claim.spec);
  },
  prepareForStatusUpdate(claim: Writable<PersistentVolumeClaim>, old) {
    keepField(claim, old, 'spec');
  },
});

/** The older field and the newer one say the same, as far as the older one can. */
function normalizeDataSources(spec: Spec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...source } = dataSourceRef;
    spec.dataSource = source;
  }
}
