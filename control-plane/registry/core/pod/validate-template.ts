/** Templates of pods in Deployments and ReplicaSets. Follows pkg/apis/core/validation and pkg/apis/apps/validation. */
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
export function validateSelectorAndTemplate({ selector, template }: Templated): FieldError[] {
  const errors: FieldError[] = [];
  if (!selector) errors.push(required('spec.selector'));
  else {
    errors.push(...validateLabelSelector(selector, 'spec.selector'));
    // Of a ReplicaSet it says the same.
    if (isEmptySelector(selector)) errors.push(invalid('spec.selector', selector, 'empty selector is invalid for deployment'));
  }
  return [...errors, ...validateTemplate(template ?? {}, errors.length === 0 ? selector : undefined)];
}

function validateTemplate(template: PodTemplateSpec, selector: LabelSelector | undefined): FieldError[] {
  const path = 'spec.template';
  const labels = template.metadata?.labels ?? {};
  const spec = template.spec;
  const errors: FieldError[] = [];
  const requirements = selectorFromLabelSelector(selector);
  if (requirements && !matches(requirements, labels)) errors.push(invalid(`${path}.metadata.labels`, labels, '`selector` does not match template `labels`'));
  errors.push(
    ...validateLabels(template.metadata?.labels, `${path}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${path}.annotations`),
    ...validatePodSpec(spec ?? {}, `${path}.spec`),
  );
  if (spec?.ephemeralContainers?.length) errors.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  if (spec?.restartPolicy && spec.restartPolicy !== 'Always') errors.push(notSupported(`${path}.spec.restartPolicy`, spec.restartPolicy, ['Always']));
  if (spec?.activeDeadlineSeconds !== undefined) errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported'));
  return errors;
}
