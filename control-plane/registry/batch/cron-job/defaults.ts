/** Defaults of CronJobs. Follows pkg/apis/batch/v1/defaults.go. */
import type { CronJob, CronJobSpec } from '../../../../api/batch.ts';
import { defaultJobTemplate } from '../job/defaults.ts';

export function defaultCronJob(cronJob: CronJob): void {
  const spec: Partial<CronJobSpec> = cronJob.spec ??= {} as CronJobSpec;
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  const template = spec.jobTemplate ??= {};
  defaultJobTemplate(template.spec ??= {} as NonNullable<typeof template.spec>);
}
