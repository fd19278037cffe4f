/** DaemonSets. Follows pkg/registry/apps/daemonset. */
import type { DaemonSet } from '../../../../api/apps.ts';
import { daemonSets } from '../../../../api/resources.ts';
import { templateWarnings } from '../../core/pod/warnings.ts';
import { deepEqual } from '../../deep-equal.ts';
import { keepField } from '../../keep-field.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultDaemonSet } from './defaults.ts';
import { validateDaemonSet, validateDaemonSetStatusUpdate, validateDaemonSetUpdate } from './validation.ts';

/** Counts the templates that the set has had. The server's own, though clients see it. */
export const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

export const daemonSetStrategy: Strategy<DaemonSet> = createRecordStrategy<DaemonSet>(daemonSets, {
  defaults: defaultDaemonSet,
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  validateStatusUpdate: validateDaemonSetStatusUpdate,
  warnings: templateWarnings,
  prepareForCreate(daemonSet: Writable<DaemonSet>) {
    daemonSet.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    setTemplateGeneration(daemonSet, Math.max(templateGeneration(daemonSet), 1));
  },
  prepareForUpdate(daemonSet: Writable<DaemonSet>, old) {
    keepField(daemonSet, old, 'status');
    const changed = !deepEqual(daemonSet.spec?.template, old.spec?.template);
    setTemplateGeneration(daemonSet, templateGeneration(old) + (changed ? 1 : 0));
  },
  prepareForStatusUpdate(daemonSet: Writable<DaemonSet>, old) {
    keepField(daemonSet, old, 'spec');
    // It counts templates, though it looks like metadata: a status that leaves it out does not forget it.
    setTemplateGeneration(daemonSet, templateGeneration(old));
  },
});

function templateGeneration({ metadata }: DaemonSet): number {
  const text = metadata?.annotations?.[templateGenerationAnnotation] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function setTemplateGeneration(daemonSet: Writable<DaemonSet>, generation: number): void {
  daemonSet.metadata = { ...daemonSet.metadata, annotations: { ...daemonSet.metadata?.annotations, [templateGenerationAnnotation]: String(generation) } };
}
