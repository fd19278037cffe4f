/** StatefulSets. Follows pkg/registry/apps/statefulset. */
import type { StatefulSet } from '../../../../api/apps.ts';
import { statefulSets } from '../../../../api/resources.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultStatefulSet } from './defaults.ts';
import { validateStatefulSet, validateStatefulSetStatusUpdate, validateStatefulSetUpdate } from './validation.ts';

export const statefulSetStrategy: Strategy<StatefulSet> = createRecordStrategy(statefulSets, {
  defaults: defaultStatefulSet,
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatusUpdate,
  prepareForCreate(statefulSet: Writable<StatefulSet>) {
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
  },
});
