/** ReplicaSets. Follows pkg/registry/apps/replicaset. */
import type { ReplicaSet } from '../../../../api/apps.ts';
import { replicaSets } from '../../../../api/resources.ts';
import { workloadWarnings } from '../../core/pod/warnings.ts';
import { deepEqual } from '../../deep-equal.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultReplicaSet } from './defaults.ts';
import { validateReplicaSet, validateReplicaSetStatusUpdate, validateReplicaSetUpdate } from './validation.ts';

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  ...plainStrategy,
  resource: replicaSets,
  selectableFields: ['status.replicas'],
  selectField: ({ status }, field) => (field === 'status.replicas' ? String(status?.replicas ?? 0) : ''),
  defaults: defaultReplicaSet,
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  validateStatusUpdate: validateReplicaSetStatusUpdate,
  warnings: workloadWarnings,
  prepareForCreate(replicaSet: Writable<ReplicaSet>) {
    replicaSet.status = { replicas: 0 };
  },
  prepareForUpdate(replicaSet: Writable<ReplicaSet>, old) {
    keepField(replicaSet, old, 'status');
  },
  prepareForStatusUpdate(replicaSet, old) {
    keepField(replicaSet, old, 'spec');
  },
  generationChanged: (replicaSet, old) => !deepEqual(replicaSet.spec, old.spec),
};
