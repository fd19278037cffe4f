/** Validation of Pods, beyond metadata. Follows pkg/apis/core/validation: ValidatePodCreate, ValidatePodUpdate. */
import type { Pod, PodSpec } from '../../../../api/core.ts';
import { forbidden, invalid, type FieldError } from '../../validation/field-errors.ts';
import { validatePodSpec } from './validate-pod-spec.ts';
import { validatePodSpecUpdate } from './validate-pod-spec-update.ts';

export function validatePod(pod: Pod): FieldError[] {
  const spec: Partial<PodSpec> = pod.spec ?? {};
  const errors = validateAnyPod(pod);
  if (spec.ephemeralContainers?.length) errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && spec.schedulingGates?.length) {
    errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  return errors;
}

/** A pod from before a rule got stricter can still be labelled, and deleted. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = validateAnyPod(pod);
  const known = errors.length === 0 ? [] : validateAnyPod(old);
  const fresh = errors.filter((error) => !known.some(({ field, message }) => field === error.field && message === error.message));
  return [...fresh, ...validateMirrorUpdate(pod, old), ...validatePodSpecUpdate(pod.spec ?? {}, old.spec ?? {})];
}

function validateAnyPod(pod: Pod): FieldError[] {
  const spec: Partial<PodSpec> = pod.spec ?? {};
  return [...validateMirror(pod), ...validateDeletionCost(pod), ...validatePodSpec(spec, 'spec'), ...validateTokens(spec)];
}

/** A token is somebody's. */
function validateTokens({ serviceAccountName, volumes = [] }: Partial<PodSpec>): FieldError[] {
  if (serviceAccountName) return [];
  return volumes.flatMap(({ projected }, index) => (projected?.sources ?? []).flatMap(({ serviceAccountToken }, number) => (serviceAccountToken
    ? [forbidden(`spec.volumes[${index}].projected.sources[${number}].serviceAccountToken`, 'must not be specified when serviceAccountName is not set')]
    : [])));
}

const mirror = 'kubernetes.io/config.mirror';
const mirrorPath = `metadata.annotations[${mirror}]`;

/** A board shows with it what it runs by itself. */
function validateMirror({ metadata, spec }: Pod): FieldError[] {
  const value = metadata?.annotations?.[mirror];
  return value === undefined || spec?.nodeName ? [] : [invalid(mirrorPath, value, 'must set spec.nodeName if mirror pod annotation is set')];
}

function validateMirrorUpdate(pod: Pod, old: Pod): FieldError[] {
  const before = old.metadata?.annotations?.[mirror];
  if (pod.metadata?.annotations?.[mirror] === before) return [];
  return [forbidden(mirrorPath, before === undefined ? 'may not add mirror pod annotation' : 'may not remove or update mirror pod annotation')];
}

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

/** Read when a set of pods shrinks. */
function validateDeletionCost({ metadata }: Pod): FieldError[] {
  const value = metadata?.annotations?.[deletionCost];
  if (value === undefined) return [];
  const fits = /^(0|-?[1-9]\d{0,9})$/.test(value) && Number(value) === (Number(value) | 0);
  return fits ? [] : [invalid(`metadata.annotations[${deletionCost}]`, value, 'must be a 32bit integer')];
}
