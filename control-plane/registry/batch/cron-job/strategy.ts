/** CronJobs. Follows pkg/registry/batch/cronjob. */
import type { CronJob } from '../../../../api/batch.ts';
import type { PodTemplateSpec } from '../../../../api/core.ts';
import { cronJobs } from '../../../../api/resources.ts';
import { nameWarnings, specWarnings, usedInPodNames } from '../../core/pod/warnings.ts';
import { deepEqual } from '../../deep-equal.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultCronJob } from './defaults.ts';
import { validateCronJob, validateCronJobUpdate } from './validation.ts';

export const cronJobStrategy: Strategy<CronJob> = createRecordStrategy(cronJobs, {
  defaults: defaultCronJob,
  validate: validateCronJob,
  validateUpdate: validateCronJobUpdate,
  warnings: cronJobWarnings,
  prepareForCreate(cronJob: Writable<CronJob>) {
    cronJob.status = {};
  },
});

function cronJobWarnings({ metadata, spec }: CronJob, old: CronJob | undefined): string[] {
  const template: PodTemplateSpec = spec?.jobTemplate.spec?.template ?? {};
  const changed = !old || !deepEqual(spec?.jobTemplate, old.spec?.jobTemplate);
  return [
    ...(old ? [] : nameWarnings(metadata, usedInPodNames)),
    ...(changed ? specWarnings(template.spec ?? {}, template.metadata, 'spec.jobTemplate.spec.template.') : []),
    // Kubernetes writes the path so.
    ...(spec?.schedule.includes('TZ') ? ['CRON_TZ or TZ used in spec.spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'] : []),
  ];
}
