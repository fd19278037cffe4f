/** Templates of pods, for the kinds that make pods. Follows pkg/apis/core/validation and pkg/apis/apps/validation. */
import type { PodTemplateSpec } from '../../../../api/core.ts';
import { matches, selectorFromLabelSelector } from '../../../../api/labels.ts';
import type { LabelSelector } from '../../../../api/meta.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { isEmptySelector, validateLabelSelector } from '../../validation/label-selector.ts';
import { validateAnnotations, validateLabels } from '../../validation/object-meta.ts';
import { validatePodSpec } from './validate-pod-spec.ts';

/** What a Deployment and a ReplicaSet have in common. */
interface Templated {
  selector?: LabelSelector;
  template?: PodTemplateSpec;
}

/** The selector, the template, and that they fit. */
export function validateSelectorAndTemplate({ selector, template = {} }: Templated): FieldError[] {
  const errors = validateOwnSelector(selector, 'deployment');
  // Of a ReplicaSet it says the same.
  if (!isUsable(selector)) return [...errors, invalid('spec.selector', selector, 'invalid label selector')];
  return [
    ...errors,
    ...validateMatch(template, selector, 'spec.template'),
    ...validatePodTemplate(template, 'spec.template'),
    ...validateAlwaysRestarting(template, 'spec.template', 'ReplicaSet'),
  ];
}

/** @param kind as the message about an empty selector names it. */
export function validateOwnSelector(selector: LabelSelector | undefined, kind: string): FieldError[] {
  if (!selector) return [required('spec.selector')];
  return [
    ...validateLabelSelector(selector, 'spec.selector'),
    ...(isEmptySelector(selector) ? [invalid('spec.selector', selector, `empty selector is invalid for ${kind}`)] : []),
  ];
}

/** Whether pods can be compared with the selector at all. */
export function isUsable(selector: LabelSelector | undefined): boolean {
  return validateLabelSelector(selector, 'spec.selector').length === 0;
}

/** The pods of the template are the selector's; no selector selects nothing, an empty one everything. */
export function validateMatch(template: PodTemplateSpec, selector: LabelSelector | undefined, path: string): FieldError[] {
  const labels = template.metadata?.labels;
  const requirements = selectorFromLabelSelector(selector);
  if (requirements && matches(requirements, labels ?? {})) return [];
  return [invalid(`${path}.metadata.labels`, labels, '`selector` does not match template `labels`')];
}

/** The template itself, of any kind. */
export function validatePodTemplate(template: PodTemplateSpec, path: string): FieldError[] {
  const ephemeral = template.spec?.ephemeralContainers?.length;
  return [
    ...validateLabels(template.metadata?.labels, `${path}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${path}.annotations`),
    ...validatePodSpec(template.spec ?? {}, `${path}.spec`),
    ...(ephemeral ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')] : []),
  ];
}

/** Pods that are there for good: they always restart and have no deadline. */
export function validateAlwaysRestarting(template: PodTemplateSpec, path: string, kind: string): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  return [
    ...(restartPolicy === 'Always' ? [] : [notSupported(`${path}.spec.restartPolicy`, restartPolicy ?? '', ['Always'])]),
    ...(activeDeadlineSeconds === undefined ? [] : [forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`)]),
  ];
}
