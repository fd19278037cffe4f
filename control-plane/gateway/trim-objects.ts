/** What of an object goes over the air: fields that no board reads are left out. */
import type { Node, Pod } from '../../api/core.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { isReadinessOverruled, readinessGateStates } from '../../api/pod-readiness.ts';
import { deepEqual } from '../registry/deep-equal.ts';

const trimmed = new WeakMap<KubernetesObject, KubernetesObject>();

/** Without metadata.managedFields. The same input gives the same output, so that unchanged objects are told apart quickly. */
export function trimObject<T extends KubernetesObject>(object: T): T {
  const known = trimmed.get(object);
  if (known) return known as T;
  const { managedFields, ...metadata } = object.metadata ?? {};
  const result = managedFields ? { ...object, metadata } : object;
  trimmed.set(object, result);
  return result;
}

/** A Node as the proxies of other boards need it: where its pods are. No resourceVersion, because status changes do not count. */
export function trimNode({ metadata, spec, status }: Node): Node {
  return {
    metadata: { name: metadata?.name, uid: metadata?.uid },
    spec: { ...(spec?.podCIDR ? { podCIDR: spec.podCIDR, podCIDRs: spec.podCIDRs } : {}) },
    status: { addresses: status?.addresses ?? [] },
  };
}

/**
 * True when a board need not hear of the difference: all else being equal, a status is the board's own report. What others
 * write into it counts: that the pod is over (Failed, Succeeded), that its node is not ready, its readiness gates.
 */
export function sameForBoard(left: Pod, right: Pod): boolean {
  if (left === right) return true;
  return deepEqual(left.spec, right.spec) && deepEqual(identity(left), identity(right)) && isOver(left) === isOver(right)
    && isReadinessOverruled(left) === isReadinessOverruled(right) && deepEqual(readinessGateStates(left), readinessGateStates(right));
}

function identity({ metadata }: Pod): object {
  return { ...metadata, resourceVersion: undefined, managedFields: undefined };
}

export function isOver(pod: Pod): boolean {
  return pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
}
