/** Defaults of Jobs. Follows pkg/apis/batch/v1/defaults.go. */
import type { Job, JobSpec } from '../../../../api/batch.ts';
import { defaultPodTemplate } from '../../core/pod/template-defaults.ts';

export function defaultJob(job: Job): void {
  const spec: Partial<JobSpec> = job.spec ??= {} as JobSpec;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  // With a limit of its own for each index, the whole has none.
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1;
  const labels = spec.template?.metadata?.labels;
  if (labels && Object.keys(job.metadata?.labels ?? {}).length === 0) job.metadata = { ...job.metadata, labels: { ...labels } };
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  defaultJobTemplate(spec);
}

/** What the Jobs of a CronJob get in their template already; the rest they get when they are made. */
export function defaultJobTemplate(spec: Partial<JobSpec>): void {
  for (const { onPodConditions = [] } of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of onPodConditions) pattern.status ||= 'True';
  }
  defaultPodTemplate(spec.template ??= {});
}
