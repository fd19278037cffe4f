/** Validation of Jobs, beyond metadata. Follows pkg/apis/batch/validation. */
import type { Job, JobSpec } from '../../../../api/batch.ts';
import type { PodTemplateSpec } from '../../../../api/core.ts';
import { deepEqual } from '../../deep-equal.ts';
import { isUsable, validateMatch, validatePodTemplate } from '../../core/pod/validate-template.ts';
import { immutable, invalid, notNegative, notSupported, required, tooLong, type FieldError } from '../../validation/field-errors.ts';
import { domainPrefixedPath } from '../../validation/domain-prefixed-path.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import { dnsLabel } from '../../validation/names.ts';
import { hasPrefixedLabels, validateGeneratedSelector } from './generated-selector.ts';
import { validateFailurePolicy, validateSuccessPolicy } from './validate-policies.ts';

type Spec = Partial<JobSpec>;

const maxIndexedParallelism = 100_000;
const maxFailedIndexes = 100_000;
const manyCompletions = 100_000;
const parallelismOfMany = 10_000;
const failedIndexesOfMany = 10_000;
const maxManagedByBytes = 63;
const counts = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const;
const withManyCompletions = (limit: number) => `must be less than or equal to ${limit} when completions are above ${manyCompletions} and used with backoff limit per index`;

export function validateJob(job: Job): FieldError[] {
  const spec: Spec = job.spec ?? {};
  const errors = [...validateGeneratedSelector(job, true), ...validateSelected(spec, 'spec')];
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    // The longest name of its pods, which is their host name as well.
    const longest = `${job.metadata?.name ?? ''}-${spec.completions! - 1}`;
    if (dnsLabel(longest).length > 0) errors.push(invalid('metadata.name', job.metadata?.name ?? '', `will not able to create pod with invalid DNS label: ${longest}`));
  }
  return errors;
}

function validateSelected(spec: Spec, path: string): FieldError[] {
  return [
    ...validateJobSpec(spec, path),
    ...(spec.selector ? validateLabelSelector(spec.selector, `${path}.selector`) : [required(`${path}.selector`)]),
    ...(isUsable(spec.selector) ? validateMatch(spec.template ?? {}, spec.selector, `${path}.template`) : []),
  ];
}

/** Without the selector, which Jobs of a CronJob get when they are made. */
export function validateJobSpec(spec: Spec, path: string): FieldError[] {
  const { managedBy, completionMode: mode } = spec;
  return [
    ...counts.flatMap((field) => notNegative(`${path}.${field}`, spec[field])),
    ...(spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined ? [required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')] : []),
    ...(managedBy === undefined ? [] : [
      ...domainPrefixedPath(managedBy, `${path}.managedBy`),
      ...(Buffer.byteLength(managedBy) > maxManagedByBytes ? [tooLong(`${path}.managedBy`, maxManagedByBytes)] : []),
    ]),
    ...(mode !== undefined && mode !== 'NonIndexed' && mode !== 'Indexed' ? [notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed'])] : []),
    ...(mode === 'Indexed' ? validateIndexed(spec, path) : []),
    ...(mode === undefined || mode === 'NonIndexed' ? validateNotIndexed(spec, path) : []),
    ...(spec.podFailurePolicy ? validateFailurePolicy(spec, `${path}.podFailurePolicy`) : []),
    ...(spec.successPolicy ? validateSuccess(spec, `${path}.successPolicy`) : []),
    ...validateReplacement(spec, `${path}.podReplacementPolicy`),
    ...validatePodTemplate(spec.template ?? {}, `${path}.template`),
    ...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`),
  ];
}

function validateIndexed({ completions, parallelism = 0, maxFailedIndexes: failed, backoffLimitPerIndex }: Spec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  if (parallelism > maxIndexedParallelism) errors.push(invalid(`${path}.parallelism`, parallelism, `must be less than or equal to ${maxIndexedParallelism} when completion mode is Indexed`));
  if (completions !== undefined && failed !== undefined && failed > completions) errors.push(invalid(`${path}.maxFailedIndexes`, failed, 'must be less than or equal to completions'));
  if (failed !== undefined && failed > maxFailedIndexes) errors.push(invalid(`${path}.maxFailedIndexes`, failed, `must be less than or equal to ${maxFailedIndexes}`));
  if (completions === undefined || completions <= manyCompletions || backoffLimitPerIndex === undefined) return errors;
  if (failed === undefined) errors.push(required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${manyCompletions}`));
  if (parallelism > parallelismOfMany) errors.push(invalid(`${path}.parallelism`, parallelism, withManyCompletions(parallelismOfMany)));
  if (failed !== undefined && failed > failedIndexesOfMany) errors.push(invalid(`${path}.maxFailedIndexes`, failed, withManyCompletions(failedIndexesOfMany)));
  return errors;
}

function validateNotIndexed(spec: Spec, path: string): FieldError[] {
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const).flatMap((field) => (spec[field] === undefined ? [] : [invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode')]));
}

function validateSuccess(spec: Spec, path: string): FieldError[] {
  if (spec.completionMode !== 'Indexed') return [invalid(path, spec.successPolicy, 'requires indexed completion mode')];
  return validateSuccessPolicy(spec, path);
}

function validateReplacement({ podReplacementPolicy: policy, podFailurePolicy }: Spec, field: string): FieldError[] {
  if (policy === undefined) return [];
  const supported = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  return supported.includes(policy) ? [] : [notSupported(field, policy, supported)];
}

/** Always is what a template says that says nothing. */
function validateRestartPolicy({ template, podFailurePolicy }: Spec, field: string): FieldError[] {
  const policy = template?.spec?.restartPolicy;
  if (!policy || policy === 'Always') return [required(field, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(field, policy, ['OnFailure', 'Never'])];
  return podFailurePolicy && policy !== 'Never' ? [invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified')] : [];
}

export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const spec: Spec = job.spec ?? {};
  const before: Spec = old.spec ?? {};
  const fixed = (field: keyof JobSpec) => immutable(`spec.${field}`, spec[field], deepEqual(spec[field], before[field]));
  return [
    ...validateSelected(spec, 'spec'),
    ...validateGeneratedSelector(job, hasPrefixedLabels(old)),
    ...validateCompletions(spec, before),
    ...fixed('selector'),
    ...validateTemplateUpdate(spec.template ?? {}, before.template ?? {}, before.suspend === true && old.status?.startTime === undefined),
    ...fixed('completionMode'), ...fixed('podFailurePolicy'), ...fixed('backoffLimitPerIndex'), ...fixed('managedBy'), ...fixed('successPolicy'),
  ];
}

/** An Indexed Job may grow and shrink, as a whole. */
function validateCompletions(spec: Spec, before: Spec): FieldError[] {
  const { completions, parallelism } = spec;
  if (spec.completionMode !== 'Indexed') return immutable('spec.completions', completions, completions === before.completions);
  if (completions === before.completions || completions === undefined || completions === parallelism) return [];
  return [invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism')];
}

/** @param waiting the Job is suspended and never ran: a queue may still say where its pods go. */
function validateTemplateUpdate(template: PodTemplateSpec, old: PodTemplateSpec, waiting: boolean): FieldError[] {
  const before = waiting ? withPlaceOf(template, old) : old;
  return immutable('spec.template', template, deepEqual(template, before));
}

function withPlaceOf(template: PodTemplateSpec, old: PodTemplateSpec): PodTemplateSpec {
  const { metadata, spec } = template;
  if (!spec || !old.spec) return old;
  const { nodeSelector, tolerations, schedulingGates } = spec;
  const { nodeAffinity: _, ...rest } = old.spec.affinity ?? {};
  const affinity = { ...rest, ...(spec.affinity?.nodeAffinity ? { nodeAffinity: spec.affinity.nodeAffinity } : {}) };
  const merged: Record<string, unknown> = { ...old.spec, nodeSelector, tolerations, schedulingGates, affinity };
  if (Object.keys(affinity).length === 0 && spec.affinity === undefined) delete merged['affinity'];
  const { labels, annotations } = metadata ?? {};
  return { ...old, metadata: { ...old.metadata, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) }, spec: merged as unknown as PodTemplateSpec['spec'] & object };
}
