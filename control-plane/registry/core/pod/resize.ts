/**
 * The subresource `resize`: other amounts of cpu and memory for the containers of a pod that stays where it is.
 * Follows pkg/registry/core/pod/strategy (podResizeStrategy) and ValidatePodResize.
 */
import type { Pod } from '../../../../api/core.ts';
import { deepClone } from '../../deep-clone.ts';
import { deepEqual } from '../../deep-equal.ts';
import { keepField } from '../../keep-field.ts';
import type { SubresourceUpdate } from '../../strategy.ts';
import { forbidden, invalid, type FieldError } from '../../validation/field-errors.ts';
import type { Writable } from '../../writable.ts';
import type { Container, PodSpec, ResourceRequirements } from './pod-parts.ts';
import { qualityOfService } from './quality-of-service.ts';
import { validatePodSpec } from './validate-pod-spec.ts';

type Spec = Partial<PodSpec>;
type Amounts = Readonly<Record<string, string>> | undefined;

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const lists = ['containers', 'initContainers'] as const;
const resizable = new Set(['cpu', 'memory']);

export const resizeUpdate: SubresourceUpdate<Pod> = { prepare: keepAllButResources, validate: validateResize };

/** Containers that are others than before are left as they were sent: validation names them. */
function keepAllButResources(pod: Writable<Pod>, old: Pod): void {
  const before: Spec = old.spec ?? {};
  const wanted: Spec = pod.spec ?? {};
  const { managedFields, ...metadata } = deepClone(old.metadata ?? {});
  const written = pod.metadata?.managedFields ?? managedFields;
  const spec: Spec = deepClone(before);
  for (const list of lists) if (wanted[list] ?? before[list]) spec[list] = withResources(wanted[list] ?? [], before[list] ?? []);
  pod.spec = spec as PodSpec;
  keepField(pod, old, 'status');
  const changed = !deepEqual(spec, before);
  pod.metadata = { ...metadata, ...(written ? { managedFields: written } : {}), generation: (metadata.generation ?? 0) + (changed ? 1 : 0) };
}

function withResources(wanted: readonly Container[], before: readonly Container[]): Container[] {
  const same = wanted.length === before.length && wanted.every(({ name }, index) => name === before[index]!.name);
  if (!same) return deepClone(wanted) as Container[];
  return before.map((container, index) => {
    const { resources, resizePolicy } = wanted[index]!;
    const kept: Container = deepClone(container);
    for (const [field, value] of [['resources', resources], ['resizePolicy', resizePolicy]] as const) {
      if (value === undefined) Reflect.deleteProperty(kept, field);
      else Reflect.set(kept, field, value);
    }
    return kept;
  });
}

function validateResize(pod: Pod, old: Pod): FieldError[] {
  const [spec, before]: [Spec, Spec] = [pod.spec ?? {}, old.spec ?? {}];
  const refusal = refuse(pod, old);
  if (refusal) return [forbidden('[]', refusal)];
  const ordering = lists.flatMap((list) => validateOrder(spec[list] ?? [], before[list] ?? [], list));
  if (ordering.length > 0) return ordering;
  const errors = [
    ...validatePodSpec(spec, 'spec'),
    ...(qualityOfService(pod) === (old.status?.qosClass ?? qualityOfService(old)) ? [] : [invalid('spec', old.status?.qosClass ?? qualityOfService(old), 'Pod QOS Class may not change as a result of resizing')]),
    ...(runsWithoutResize(old) ? [forbidden('spec', 'Pod running on node without support for resize')] : []),
  ];
  return [...errors, ...lists.flatMap((list) => (spec[list] ?? []).flatMap((container, index) => validateContainer(container, before[list]![index]!, `spec.${list}[${index}]`, list)))];
}

function refuse(pod: Pod, old: Pod): string | undefined {
  if (hasOwnResources(pod.spec) || hasOwnResources(old.spec)) return 'pods with pod-level resources cannot be resized';
  if (old.metadata?.annotations?.[mirrorAnnotation] !== undefined) return 'static pods cannot be resized';
  return old.spec?.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

function hasOwnResources(spec: Spec | undefined): boolean {
  const { requests = {}, limits = {} } = (spec as { resources?: ResourceRequirements } | undefined)?.resources ?? {};
  return Object.keys(requests).length + Object.keys(limits).length > 0;
}

function validateOrder(wanted: readonly Container[], before: readonly Container[], list: string): FieldError[] {
  if (wanted.length !== before.length) return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)];
  return wanted.flatMap(({ name }, index) => (name === before[index]!.name ? [] : [forbidden(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`)]));
}

/** A board that can resize says so by reporting what its running containers have. */
function runsWithoutResize({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running) as { resources?: unknown } | undefined;
  return running !== undefined && running.resources === undefined;
}

function validateContainer(container: Container, before: Container, path: string, list: typeof lists[number]): FieldError[] {
  const isSidecar = list === 'initContainers' && (container as { restartPolicy?: string }).restartPolicy === 'Always';
  if (list === 'initContainers' && !isSidecar) {
    return deepEqual(container, before) ? [] : [forbidden('spec', 'resources for non-sidecar init containers are immutable')];
  }
  const [now, then] = [container.resources ?? {}, before.resources ?? {}];
  const errors = [
    ...(isRemoved(now.requests, then.requests) ? [forbidden(`${path}.resources.requests`, 'resource requests cannot be removed')] : []),
    ...(isRemoved(now.limits, then.limits) ? [forbidden(`${path}.resources.limits`, 'resource limits cannot be removed')] : []),
  ];
  if (deepEqual(withoutResizable(container), withoutResizable(before))) return errors;
  return [...errors, forbidden('spec', `only cpu and memory resources${isSidecar ? ' for sidecar containers' : ''} are mutable`)];
}

function isRemoved(now: Amounts = {}, before: Amounts = {}): boolean {
  return Object.keys(before).some((name) => now[name] === undefined);
}

/** With one form for what means the same: no amounts, and none of a kind. */
function withoutResizable({ resources, ...container }: Container): object {
  const { limits, requests, ...rest } = resources ?? {};
  return { ...container, resources: { ...rest, limits: fixedAmounts(limits), requests: fixedAmounts(requests) } };
}

function fixedAmounts(amounts: Amounts): Amounts {
  return Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !resizable.has(name)));
}
