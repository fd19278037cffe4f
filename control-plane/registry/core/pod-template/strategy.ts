/** PodTemplates. Follows pkg/registry/core/podtemplate. */
import type { PodTemplate } from '../../../../api/core.ts';
import { podTemplates } from '../../../../api/resources.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import type { FieldError } from '../../validation/field-errors.ts';
import { defaultPodTemplate } from '../pod/template-defaults.ts';
import { specWarnings } from '../pod/warnings.ts';
import { validatePodTemplate } from '../pod/validate-template.ts';

export const podTemplateStrategy: Strategy<PodTemplate> = {
  ...plainStrategy,
  resource: podTemplates,
  returnsDeletedObject: true,
  defaults: defaultPodTemplateObject,
  validate: validatePodTemplateObject,
  validateUpdate: validatePodTemplateObject,
  warnings: ({ template }, old) => (old && deepEqual(template, old.template) ? [] : specWarnings(template?.spec ?? {}, template?.metadata, 'template.')),
  generationChanged: (template, old) => !deepEqual(template.template, old.template),
};

export function defaultPodTemplateObject(template: PodTemplate): void {
  defaultPodTemplate(template.template ??= {});
}

export function validatePodTemplateObject({ template }: PodTemplate): FieldError[] {
  return validatePodTemplate(template ?? {}, 'template');
}
