/** Defaults of pod templates, for the kinds that have one. */
import type { PodTemplateSpec } from '../../../../api/core.ts';
import { defaultPodSpec } from './defaults.ts';

export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}
