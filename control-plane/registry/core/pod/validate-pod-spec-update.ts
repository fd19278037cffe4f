/** What of a pod's spec may change once it exists: next to nothing. Follows pkg/apis/core/validation: ValidatePodUpdate. */
import type { Affinity, Container, PodSpec, Toleration } from './pod-parts.ts';
import { deepEqual } from '../../deep-equal.ts';
import { between, forbidden, invalid, type FieldError } from '../../validation/field-errors.ts';
import { validateImage } from './validate-containers.ts';
import { validateNarrowing } from './validate-narrowing.ts';
import { validateTolerations } from './validate-scheduling.ts';

const mutableFields = 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,'
  + '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),'
  + '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** An object of a client may lack even the containers. */
type Spec = Partial<PodSpec>;

export function validatePodSpecUpdate(spec: Spec, old: Spec): FieldError[] {
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list]?.length ?? 0) !== (old[list]?.length ?? 0)) return [forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
  }
  const images = [...validateImages(spec.containers ?? [], 'spec.containers'), ...validateImages(spec.initContainers ?? [], 'spec.initContainers')];
  const deadline = validateActiveDeadline(spec, old);
  // Kubernetes looks no further at a deadline that cannot be.
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return [...images, ...deadline];
  return [
    ...images,
    ...deadline,
    ...validateAddedTolerations(spec.tolerations ?? [], old.tolerations ?? []),
    ...validateRemovedGates(spec, old),
    ...(old.schedulingGates?.length ? validateNarrowing(spec, old) : []),
    ...validateRest(spec, old),
  ];
}

function validateImages(containers: readonly Container[], path: string): FieldError[] {
  return containers.flatMap(({ image }, index) => validateImage(image, `${path}[${index}].image`));
}

function validateActiveDeadline({ activeDeadlineSeconds: seconds }: Spec, { activeDeadlineSeconds: before }: Spec): FieldError[] {
  const field = 'spec.activeDeadlineSeconds';
  if (seconds === undefined) return before === undefined ? [] : [invalid(field, seconds, 'must not update from a positive integer to nil value')];
  const range = between(field, seconds, [0, 2 ** 31 - 1]);
  if (range.length > 0) return range;
  return before !== undefined && seconds > before ? [invalid(field, seconds, 'must be less than or equal to previous value')] : [];
}

function validateAddedTolerations(tolerations: readonly Toleration[], old: readonly Toleration[]): FieldError[] {
  if (deepEqual(tolerations, old)) return [];
  const withoutSeconds = ({ tolerationSeconds: _, ...toleration }: Toleration) => toleration;
  const kept = old.every((before) => tolerations.some((toleration) => deepEqual(withoutSeconds(toleration), withoutSeconds(before))));
  if (!kept) return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
  return validateTolerations(tolerations, 'spec.tolerations');
}

function validateRemovedGates({ schedulingGates = [] }: Spec, old: Spec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  return schedulingGates.flatMap(({ name }, index) => (before.has(name) ? []
    : [forbidden(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name || ''}'`)]));
}

function validateRest(spec: Spec, old: Spec): FieldError[] {
  const wanted = comparable(spec, old);
  const before = comparable(old, old);
  const changed = [...new Set([...Object.keys(wanted), ...Object.keys(before)])].filter((field) => !deepEqual(wanted[field], before[field]));
  if (changed.length === 0) return [];
  // Where Kubernetes shows the difference of the two specs, this names the fields.
  return [forbidden('spec', `${mutableFields}\n  changed: ${changed.sort().map((field) => `spec.${field}`).join(', ')}`)];
}

/** The spec without what may change, and with one form for what means the same. */
function comparable(spec: Spec, old: Spec): Record<string, unknown> {
  const { activeDeadlineSeconds: _, tolerations: __, schedulingGates: ___, ...rest } = spec;
  const result: Record<string, unknown> = {
    ...rest,
    containers: (spec.containers ?? []).map(withoutImage),
    initContainers: (spec.initContainers ?? []).map(withoutImage),
  };
  if (spec.terminationGracePeriodSeconds === 1 && (old.terminationGracePeriodSeconds ?? 0) < 0) {
    result['terminationGracePeriodSeconds'] = old.terminationGracePeriodSeconds;
  }
  // A gated pod has no place yet: its scheduling may be narrowed down.
  if (old.schedulingGates?.length) {
    result['nodeSelector'] = old.nodeSelector;
    result['affinity'] = withNodeAffinityOf(spec.affinity, old.affinity);
  }
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined && value !== false && value !== ''));
}

function withoutImage({ image: _, ...container }: Container): Omit<Container, 'image'> {
  return container;
}

/** What a gated pod may say about nodes is checked apart: see validateNarrowing. */
function withNodeAffinityOf(affinity: Affinity | undefined, old: Affinity | undefined): Affinity | undefined {
  const { nodeAffinity: _, ...rest } = affinity ?? {};
  const merged = { ...rest, ...(old?.nodeAffinity ? { nodeAffinity: old.nodeAffinity } : {}) };
  return old === undefined && Object.keys(merged).length === 0 ? undefined : merged;
}
