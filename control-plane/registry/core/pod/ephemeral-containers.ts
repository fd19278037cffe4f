/**
 * The subresource `ephemeralcontainers`: containers that join a running pod to look into it, and stay for as long as the pod.
 * Follows pkg/registry/core/pod/strategy and ValidatePodEphemeralContainersUpdate.
 */
import type { Pod } from '../../../../api/core.ts';
import { deepClone } from '../../deep-clone.ts';
import { deepEqual } from '../../deep-equal.ts';
import { keepField } from '../../keep-field.ts';
import type { SubresourceUpdate } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { forbidden, type FieldError } from '../../validation/field-errors.ts';
import type { PodSpec } from './pod-parts.ts';
import { contextOf, validateEphemeralContainers } from './validate-containers.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';

export const ephemeralContainersUpdate: SubresourceUpdate<Pod> = { prepare: keepAllButEphemeralContainers, validate: validateEphemeralContainersUpdate };

/** What else a client sends along is not written. */
function keepAllButEphemeralContainers(pod: Writable<Pod>, old: Pod): void {
  const wanted = pod.spec?.ephemeralContainers;
  const { managedFields, ...metadata } = deepClone(old.metadata ?? {});
  const written = pod.metadata?.managedFields ?? managedFields;
  const before: Partial<PodSpec> = old.spec ?? {};
  const changed = !deepEqual(wanted ?? [], before.ephemeralContainers ?? []);
  pod.metadata = { ...metadata, ...(written ? { managedFields: written } : {}), generation: (metadata.generation ?? 0) + (changed ? 1 : 0) };
  pod.spec = { ...deepClone(before), ...(wanted ? { ephemeralContainers: wanted } : {}) } as PodSpec;
  if (!wanted) delete pod.spec.ephemeralContainers;
  keepField(pod, old, 'status');
}

function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  const spec: Partial<PodSpec> = pod.spec ?? {};
  const path = 'spec.ephemeralContainers';
  if (old.metadata?.annotations?.[mirrorAnnotation] !== undefined) return [forbidden('[]', 'static pods do not support ephemeral containers')];
  const errors = validateEphemeralContainers(spec, 'spec', contextOf(spec));
  const byName = new Map((spec.ephemeralContainers ?? []).map((container) => [container.name, container]));
  for (const before of old.spec?.ephemeralContainers ?? []) {
    const now = byName.get(before.name);
    if (!now) errors.push(forbidden(path, `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed\n`));
    else if (!deepEqual(now, before)) errors.push(forbidden(path, `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed\n`));
  }
  return errors;
}
