/**
 * The labels by which a Job knows its pods: its name and uid. Follows pkg/registry/batch/job/strategy.go. Both have an older
 * form without a domain, which is still given and looked for.
 */
import type { Job, JobSpec } from '../../../../api/batch.ts';
import { matches, selectorFromLabelSelector } from '../../../../api/labels.ts';
import { invalid, required, type FieldError } from '../../validation/field-errors.ts';
import { deepEqual } from '../../deep-equal.ts';
import { isUsable } from '../../core/pod/validate-template.ts';

const uidLabel = 'batch.kubernetes.io/controller-uid';
const nameLabel = 'batch.kubernetes.io/job-name';
const legacyUidLabel = 'controller-uid';
const legacyNameLabel = 'job-name';

/** Labels that a client gave stay: validation says what is wrong with them. */
export function generateSelector(job: Job): void {
  const spec = job.spec;
  if (!spec || spec.manualSelector) return;
  const uid = job.metadata?.uid ?? '';
  const template = spec.template;
  template.metadata = { ...template.metadata, labels: { [uidLabel]: uid, [legacyUidLabel]: uid, ...template.metadata?.labels } };
  spec.selector = { ...spec.selector, matchLabels: { [uidLabel]: uid, ...spec.selector?.matchLabels } };
}

/** The name is final only when it is not taken, so these labels come later; a try before may have left its own. */
export function labelWithName(job: Job): void {
  const spec = job.spec;
  if (!spec || spec.manualSelector) return;
  const { name = '', generateName } = job.metadata ?? {};
  const labels = { ...spec.template.metadata?.labels };
  for (const label of [nameLabel, legacyNameLabel]) {
    const given = labels[label];
    const fromLastTry = generateName && given?.startsWith(generateName) && given.length === name.length;
    if (given === undefined || fromLastTry) labels[label] = name;
  }
  const own = job.metadata?.labels ?? {};
  // A Job without labels has those of its pods: kube-apiserver fills them in whenever it reads one.
  const unlabelled = Object.keys(own).length === 0 || deepEqual(own, spec.template.metadata?.labels);
  spec.template.metadata = { ...spec.template.metadata, labels };
  if (unlabelled) job.metadata = { ...job.metadata, labels: { ...labels } };
}

/** @param prefixed whether the labels with a domain must be there: Jobs from before them have none. */
export function validateGeneratedSelector(job: Job, prefixed: boolean): FieldError[] {
  const { manualSelector, selector, template }: Partial<JobSpec> = job.spec ?? {};
  if (manualSelector || !selector) return [];
  const { uid = '', name = '' } = job.metadata ?? {};
  const labels = template?.metadata?.labels;
  const expected: Record<string, string> = { [legacyUidLabel]: uid, [legacyNameLabel]: name, ...(prefixed ? { [uidLabel]: uid, [nameLabel]: name } : {}) };
  const errors = uid ? [] : [required('metadata.uid')];
  for (const [label, value] of Object.entries(expected)) errors.push(...validateLabel(labels, label, value));
  const requirements = isUsable(selector) ? selectorFromLabelSelector(selector) : undefined;
  if (requirements && !matches(requirements, expected)) errors.push(invalid('spec.selector', selector, '`selector` not auto-generated'));
  return errors;
}

function validateLabel(labels: Readonly<Record<string, string>> | undefined, label: string, expected: string): FieldError[] {
  const field = `spec.template.metadata.labels[${label}]`;
  const actual = labels?.[label];
  return [
    ...(actual === undefined ? [required(field, `must be '${expected}'`)] : []),
    ...((actual ?? '') === expected ? [] : [invalid(field, labels, `must be '${expected}'`)]),
  ];
}

export function hasPrefixedLabels({ spec }: Job): boolean {
  const labels = spec?.template.metadata?.labels;
  return labels?.[uidLabel] !== undefined && labels[nameLabel] !== undefined;
}
