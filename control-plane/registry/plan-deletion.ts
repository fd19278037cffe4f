/** What a DELETE does to an object, decided without doing it. */
import type { DeleteOptions, KubernetesObject, ObjectMeta } from '../../api/meta.ts';
import { timestamp } from '../../machinery/clock.ts';
import { deepClone } from './deep-clone.ts';
import { deepEqual } from './deep-equal.ts';
import type { Strategy } from './strategy.ts';
import type { Writable } from './writable.ts';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export type DeletionPlan<T> =
  /** Take it out of the store now; this is its last state. */
  | { action: 'remove'; object: T }
  /** Its deletion is under way and this request changes nothing. */
  | { action: 'leave' }
  /** It lingers for a grace period or finalizers; store this. */
  | { action: 'mark'; object: T };

export function planDeletion<T extends KubernetesObject>(strategy: Strategy<T>, current: T, options: DeleteOptions, now: number): DeletionPlan<T> {
  const { deletionTimestamp, deletionGracePeriodSeconds: pending = 0, finalizers: before = [] } = current.metadata ?? {};
  const grace = graceOf(strategy, current, options);
  // Once a graceful deletion runs, a request may only shorten it; it does not touch the finalizers either.
  if (deletionTimestamp && pending > 0 && grace >= pending) return { action: 'leave' };
  const finalizers = finalizersAfter(options, before, strategy.orphansByDefault !== undefined);
  if (grace === 0 && finalizers.length === 0 && !strategy.isHeld?.(current)) {
    return { action: 'remove', object: strategy.gracePeriodSeconds ? marked(strategy, current, { grace, finalizers, now }) : current };
  }
  const object = marked(strategy, current, { grace, finalizers, now });
  return deepEqual(object, current) ? { action: 'leave' } : { action: 'mark', object };
}

interface Mark {
  /** In seconds. */
  grace: number;
  finalizers: string[];
  /** In milliseconds since the epoch. */
  now: number;
}

function marked<T extends KubernetesObject>(strategy: Strategy<T>, current: T, { grace, finalizers, now }: Mark): T {
  const { deletionTimestamp, deletionGracePeriodSeconds: pending = 0, generation } = current.metadata ?? {};
  const object = deepClone(current);
  const metadata: Writable<ObjectMeta> = object.metadata ??= {};
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  let period = grace;
  if (!deletionTimestamp) {
    metadata.deletionTimestamp = timestamp(now + grace * 1000);
    if (generation) metadata.generation = generation + 1;
    strategy.prepareForDelete?.(object);
  } else if (grace !== pending) {
    const due = Date.parse(deletionTimestamp) - (pending - grace) * 1000;
    metadata.deletionTimestamp = timestamp(Math.max(due, now));
    // Already over: the least that is still no force.
    if (due < now && grace > 0) period = 1;
  }
  // Namespaces and definitions of custom resources are held by something of their own and know no such period.
  if (!strategy.isHeld) metadata.deletionGracePeriodSeconds = period;
  return object;
}

function graceOf<T extends KubernetesObject>(strategy: Strategy<T>, current: T, options: DeleteOptions): number {
  if (!strategy.gracePeriodSeconds) return 0;
  const { deletionTimestamp, deletionGracePeriodSeconds: pending = 0 } = current.metadata ?? {};
  if (!deletionTimestamp) return atLeastOneIfNegative(strategy.gracePeriodSeconds(current, options));
  return Math.min(atLeastOneIfNegative(options.gracePeriodSeconds ?? pending), pending);
}

/** A negative period means: as soon as can be, but not by force. */
function atLeastOneIfNegative(seconds: number): number {
  return seconds < 0 ? 1 : seconds;
}

/** The propagation policy is kept as a finalizer that the garbage collector acts on and takes off. */
function finalizersAfter(options: DeleteOptions, before: readonly string[], byDefault: boolean): string[] {
  const others = before.filter((finalizer) => finalizer !== foregroundFinalizer && finalizer !== orphanFinalizer);
  if (orphans(options, before, byDefault)) others.push(orphanFinalizer);
  if (deletesInForeground(options, before)) others.push(foregroundFinalizer);
  const unchanged = others.length === before.length && others.every((finalizer) => before.includes(finalizer));
  return unchanged ? [...before] : others;
}

function orphans(options: DeleteOptions, before: readonly string[], byDefault: boolean): boolean {
  if (options.orphanDependents !== undefined) return options.orphanDependents;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === 'Orphan';
  return before.includes(orphanFinalizer) || (byDefault && !before.includes(foregroundFinalizer));
}

function deletesInForeground(options: DeleteOptions, before: readonly string[]): boolean {
  if (options.orphanDependents !== undefined) return false;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === 'Foreground';
  return before.includes(foregroundFinalizer);
}
