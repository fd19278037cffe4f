/** The status of a Job: what its controller, ours or somebody's, may say. Follows pkg/apis/batch/validation. */
import type { Job } from '../../../../api/batch.ts';
import { duplicate, invalid, notNegative, omitted, required, type FieldError } from '../../validation/field-errors.ts';
import { firstCommonIndex, indexProblem } from './index-intervals.ts';

type Status = NonNullable<Job['status']>;

const counts = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

function holds({ conditions = [] }: Status, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

/** What was wrong before may stay wrong: the new status has to be no worse. */
export function validateJobStatusUpdate(job: Job, old: Job): FieldError[] {
  const known = new Set(validateStatus({ ...job, status: old.status ?? {} }).map(({ field, message }) => `${field}: ${message}`));
  return [
    ...validateStatus(job).filter(({ field, message }) => !known.has(`${field}: ${message}`)),
    ...validateChange(job, old.status ?? {}),
  ];
}

function validateStatus(job: Job): FieldError[] {
  const status: Status = job.status ?? {};
  return [
    ...counts.flatMap((field) => notNegative(`status.${field}`, status[field])),
    ...validateUncounted(status),
    ...validateConditions(job, status),
    ...validateTimes(status),
    ...validateFinished(status),
    ...validateIndexes(job, status),
    ...((status.ready ?? 0) > (status.active ?? 0) ? [invalid('status.ready', status.ready, 'cannot set more ready pods than active')] : []),
  ];
}

function validateUncounted({ uncountedTerminatedPods: uncounted }: Status): FieldError[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((list) => (uncounted?.[list] ?? []).flatMap((uid, index) => {
    const field = `status.uncountedTerminatedPods.${list}[${index}]`;
    if (uid === '') return [invalid(field, uid, 'must not be empty')];
    if (seen.has(uid)) return [duplicate(field, uid)];
    seen.add(uid);
    return [];
  }));
}

function validateConditions({ spec }: Job, status: Status): FieldError[] {
  const complete = holds(status, 'Complete');
  const failed = holds(status, 'Failed');
  const failing = holds(status, 'FailureTarget');
  const succeeding = holds(status, 'SuccessCriteriaMet');
  const wrong: [boolean, string][] = [
    [complete && failed, 'cannot set Complete=True and Failed=true conditions'],
    [complete && failing, 'cannot set Complete=True and FailureTarget=true conditions'],
    [failed && !failing, 'cannot set Failed=True condition without the FailureTarget=true condition'],
    [complete && !succeeding, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'],
    [succeeding && failed, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
    [succeeding && failing, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
    [spec?.successPolicy !== undefined && !succeeding && complete, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'],
  ];
  return wrong.filter(([applies]) => applies).map(([, message]) => omitted('status.conditions', message));
}

function validateTimes(status: Status): FieldError[] {
  const { completionTime, startTime } = status;
  const complete = holds(status, 'Complete');
  const errors: FieldError[] = [];
  if (completionTime !== undefined && !complete) errors.push(invalid('status.completionTime', completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  if (completionTime === undefined && complete) errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  if (startTime !== undefined && completionTime !== undefined && Date.parse(completionTime) < Date.parse(startTime)) {
    errors.push(invalid('status.completionTime', completionTime, 'must be equal to or after `startTime`'));
  }
  return errors;
}

function validateFinished(status: Status): FieldError[] {
  if (!holds(status, 'Complete') && !holds(status, 'Failed')) return [];
  const { active = 0, startTime, terminating = 0, uncountedTerminatedPods: uncounted } = status;
  return [
    ...(active > 0 ? [invalid('status.active', active, 'active>0 is invalid for finished job')] : []),
    ...(startTime === undefined ? [required('status.startTime', 'startTime is required for finished job')] : []),
    ...((uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0) > 0 ? [invalid('status.uncountedTerminatedPods', uncounted, 'must be empty for finished job')] : []),
    ...(terminating > 0 ? [invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job')] : []),
  ];
}

function validateIndexes({ spec }: Job, { completedIndexes = '', failedIndexes }: Status): FieldError[] {
  const { completions, backoffLimitPerIndex, completionMode } = spec ?? { completions: undefined };
  const errors: FieldError[] = [];
  const completedProblem = completions === undefined ? undefined : indexProblem(completedIndexes, completions);
  if (completedProblem) errors.push(invalid('status.completedIndexes', completedIndexes, `error parsing completedIndexes: ${completedProblem}`));
  if (completedIndexes !== '' && completionMode !== 'Indexed') errors.push(invalid('status.completedIndexes', completedIndexes, 'cannot set non-empty completedIndexes when non-indexed completion mode'));
  if (failedIndexes === undefined) return errors;
  const failedProblem = completions === undefined || backoffLimitPerIndex === undefined ? undefined : indexProblem(failedIndexes, completions);
  if (failedProblem) errors.push(invalid('status.failedIndexes', failedIndexes, `error parsing failedIndexes: ${failedProblem}`));
  if (backoffLimitPerIndex === undefined) errors.push(invalid('status.failedIndexes', failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  const common = completions === undefined ? undefined : firstCommonIndex(completedIndexes, failedIndexes, completions);
  if (common !== undefined) errors.push(invalid('status.failedIndexes', failedIndexes, `failedIndexes and completedIndexes overlap at index: ${common}`));
  return errors;
}

function validateChange({ spec, status = {} }: Job, old: Status): FieldError[] {
  const errors = ['Failed', 'Complete', 'FailureTarget']
    .filter((type) => holds(old, type) && !holds(status, type))
    .map((type) => omitted('status.conditions', `cannot disable the terminal ${type}=True condition`));
  if ((status.failed ?? 0) < (old.failed ?? 0)) errors.push(invalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter'));
  if (spec?.completionMode !== 'Indexed' && (status.succeeded ?? 0) < (old.succeeded ?? 0)) errors.push(invalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter'));
  if (status.completionTime !== undefined && old.completionTime !== undefined && status.completionTime !== old.completionTime) {
    errors.push(invalid('status.completionTime', status.completionTime, 'field is immutable'));
  }
  if (old.startTime !== undefined && status.startTime !== old.startTime && !spec?.suspend) errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'));
  if (holds(old, 'SuccessCriteriaMet') && !holds(status, 'SuccessCriteriaMet')) errors.push(omitted('status.conditions', 'cannot disable the SuccessCriteriaMet=True condition'));
  if (holds(old, 'Complete') && !holds(old, 'SuccessCriteriaMet') && holds(status, 'SuccessCriteriaMet')) {
    errors.push(omitted('status.conditions', 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
  }
  return errors;
}
