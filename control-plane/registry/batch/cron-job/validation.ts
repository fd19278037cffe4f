/** Validation of CronJobs, beyond metadata. Follows pkg/apis/batch/validation. */
import type { CronJob, CronJobSpec } from '../../../../api/batch.ts';
import { invalid, notNegative, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { validateJobSpec } from '../job/validation.ts';
import { isTimeZone, parseSchedule, ScheduleError } from './parse-schedule.ts';

type Spec = Partial<CronJobSpec>;

/** Names of Jobs have 63 characters, 11 of which say when. */
const maxNameBytes = 52;
const policies = ['Allow', 'Forbid', 'Replace'];

export function validateCronJob(cronJob: CronJob): FieldError[] {
  const name = cronJob.metadata?.name ?? '';
  return [
    ...validateSpec(cronJob.spec ?? {}, undefined),
    ...(name.length > maxNameBytes ? [invalid('metadata.name', name, `must be no more than ${maxNameBytes} characters`)] : []),
  ];
}

export function validateCronJobUpdate(cronJob: CronJob, old: CronJob): FieldError[] {
  return validateSpec(cronJob.spec ?? {}, old.spec ?? {});
}

function validateSpec(spec: Spec, old: Spec | undefined): FieldError[] {
  const job = spec.jobTemplate?.spec;
  const path = 'spec.jobTemplate.spec';
  return [
    ...(spec.schedule ? validateSchedule(spec.schedule, spec.timeZone, old?.schedule?.includes('TZ') ?? false) : [required('spec.schedule')]),
    ...notNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...(old && old.timeZone === spec.timeZone ? [] : validateTimeZone(spec.timeZone)),
    ...validatePolicy(spec.concurrencyPolicy),
    ...validateJobSpec(job ?? {}, path),
    ...(job?.selector ? [invalid(`${path}.selector`, job.selector, '`selector` will be auto-generated')] : []),
    ...(job?.manualSelector ? [notSupported(`${path}.manualSelector`, true, ['nil', 'false'])] : []),
    ...notNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...notNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ];
}

/** @param zoned whether the schedule had its time zone in itself before there was a field for it. */
function validateSchedule(schedule: string, timeZone: string | undefined, zoned: boolean): FieldError[] {
  const field = 'spec.schedule';
  const errors = validateFormat(schedule, field);
  if (!schedule.includes('TZ')) return errors;
  if (!zoned) return [...errors, invalid(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')];
  return timeZone === undefined ? errors : [...errors, invalid(field, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')];
}

function validateFormat(schedule: string, field: string): FieldError[] {
  try {
    parseSchedule(schedule);
    return [];
  } catch (error) {
    if (error instanceof ScheduleError) return [invalid(field, schedule, error.message)];
    throw error;
  }
}

function validateTimeZone(timeZone: string | undefined): FieldError[] {
  const field = 'spec.timeZone';
  if (timeZone === undefined) return [];
  if (timeZone === '') return [invalid(field, timeZone, 'timeZone must be nil or non-empty string')];
  const named = timeZone.split('/').every((part) => part !== '.' && part !== '..' && !part.startsWith('-') && /^[A-Za-z.\-_0-9+]{1,14}$/.test(part));
  if (!named) return [invalid(field, timeZone, `unknown time zone ${timeZone}`)];
  return [
    ...(timeZone.toLowerCase() === 'local' ? [invalid(field, timeZone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')] : []),
    ...(isTimeZone(timeZone) ? [] : [invalid(field, timeZone, `unknown time zone ${timeZone}`)]),
  ];
}

function validatePolicy(policy: string | undefined): FieldError[] {
  const field = 'spec.concurrencyPolicy';
  if (!policy) return [required(field)];
  return policies.includes(policy) ? [] : [notSupported(field, policy, policies)];
}
