/** CronJobs. Follows pkg/registry/batch/cronjob. */
import type { CronJob } from '../../../../api/batch.ts';
import { cronJobs } from '../../../../api/resources.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultCronJob } from './defaults.ts';
import { validateCronJob, validateCronJobUpdate } from './validation.ts';

export const cronJobStrategy: Strategy<CronJob> = createRecordStrategy(cronJobs, {
  defaults: defaultCronJob,
  validate: validateCronJob,
  validateUpdate: validateCronJobUpdate,
  prepareForCreate(cronJob: Writable<CronJob>) {
    cronJob.status = {};
  },
});
