/** What a namespace uses of a quota at this moment. */
import type { ResourceQuota } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import { holdsResources, concerns, countName, one, usageOf, type Usage } from './quota-usage.ts';
import { matchesScopes, scopesOf } from './quota-scopes.ts';
import { pods } from '../../../api/resources.ts';
import type { Pod } from '../../../api/core.ts';

/** What objects use does not change while they do not: frozen objects are measured once. */
const measured = new WeakMap<KubernetesObject, Usage>();

function measure(resource: Resource, object: KubernetesObject, now: number): Usage {
  const known = measured.get(object);
  // Only the end of a grace period changes what an unchanged object uses.
  const lasts = resource !== pods || !object.metadata?.deletionTimestamp || !holdsResources(object as Pod, now);
  if (known && lasts) return known;
  const usage = usageOf(resource, object, now);
  if (lasts && Object.isFrozen(object)) measured.set(object, usage);
  return usage;
}

/** Adds what an object uses of the names; nothing where the quota is not about it. @param sign -1n takes it away. */
export function addUsage(
  totals: Map<string, bigint>, { quota, resource, names, now, sign = 1n }: { quota: ResourceQuota; resource: Resource; names: readonly string[]; now: number; sign?: bigint },
  object: KubernetesObject,
): void {
  if (!matchesScopes(quota, resource, object)) return;
  const usage = measure(resource, object, now);
  for (const name of names) {
    const amount = usage.get(name);
    if (amount !== undefined) totals.set(name, (totals.get(name) ?? 0n) + sign * amount);
  }
}

export interface UsageSource {
  list(resource: Resource, namespace: string): readonly KubernetesObject[];
  count(resource: Resource, namespace: string): number;
}

/** Of the names of the quota that objects of this kind use. */
export function sumUsage(source: UsageSource, quota: ResourceQuota, resource: Resource, now: number): Map<string, bigint> {
  const namespace = quota.metadata?.namespace ?? '';
  const names = Object.keys(quota.spec?.hard ?? {}).filter((name) => concerns(resource, name));
  const totals = new Map(names.map((name) => [name, 0n]));
  if (names.length === 0) return totals;
  if (isPlainCount(quota, resource)) {
    totals.set(countName(resource), BigInt(source.count(resource, namespace)) * one);
    return totals;
  }
  for (const object of source.list(resource, namespace)) addUsage(totals, { quota, resource, names, now }, object);
  return totals;
}

/** Whether it only wants to know how many there are, which the store says without looking at them. */
export function isPlainCount(quota: ResourceQuota, resource: Resource): boolean {
  const names = Object.keys(quota.spec?.hard ?? {}).filter((name) => concerns(resource, name));
  return names.length === 1 && names[0] === countName(resource) && scopesOf(quota).length === 0;
}
