/** ReplicationControllers. Follows pkg/registry/core/replicationcontroller. */
import type { ReplicationController } from '../../../../api/core.ts';
import { replicationControllers } from '../../../../api/resources.ts';
import { workloadWarnings } from '../pod/warnings.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultReplicationController } from './defaults.ts';
import { validateReplicationController, validateReplicationControllerStatusUpdate, validateReplicationControllerUpdate } from './validation.ts';

export const replicationControllerStrategy: Strategy<ReplicationController> = createRecordStrategy<ReplicationController>(replicationControllers, {
  selectableFields: ['status.replicas'],
  selectField: ({ status }, field) => (field === 'status.replicas' ? String(status?.replicas ?? 0) : ''),
  defaults: defaultReplicationController,
  validate: validateReplicationController,
  validateUpdate: validateReplicationControllerUpdate,
  validateStatusUpdate: validateReplicationControllerStatusUpdate,
  warnings: workloadWarnings,
  orphansByDefault: {},
  prepareForCreate(controller: Writable<ReplicationController>) {
    controller.status = { replicas: 0 };
  },
});
