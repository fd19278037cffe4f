/** Defaults of pod templates, for the kinds that have one. */
import type { PodSpec, PodTemplateSpec } from '../../../../api/core.ts';
import { defaultPodSpec } from './defaults.ts';

/** A template that a client sent; what it leaves out altogether is there as well, for validation to name what is missing in it. */
export function defaultPodTemplate(template: PodTemplateSpec): void {
  const spec: Partial<PodSpec> = template.spec ?? {};
  template.spec = spec as PodSpec;
  defaultPodSpec(template.spec);
}
