/** StatefulSets. Follows pkg/registry/apps/statefulset. */
import type { StatefulSet } from '../../../../api/apps.ts';
import { statefulSets } from '../../../../api/resources.ts';
import { templateWarnings } from '../../core/pod/warnings.ts';
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
  warnings: statefulSetWarnings,
  prepareForCreate(statefulSet: Writable<StatefulSet>) {
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
  },
});

function statefulSetWarnings(statefulSet: StatefulSet, old: StatefulSet | undefined): string[] {
  const negative = (statefulSet.spec?.revisionHistoryLimit ?? 0) < 0;
  return [...templateWarnings(statefulSet, old), ...(negative ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'] : [])];
}
