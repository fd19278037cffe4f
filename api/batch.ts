/** Types of the API group batch, version v1. */
export type {
  CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec,
} from 'kubernetes-types/batch/v1';
