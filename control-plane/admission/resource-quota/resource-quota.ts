/**
 * No write takes a namespace over its quotas. Follows k8s.io/apiserver/pkg/admission/plugin/resourcequota.
 *
 * INVARIANTS
 * - Usage is what the store shows plus what was admitted and is not visible yet, so no two writes get the same last place.
 * - An admitted write holds its place until it is visible, or until it failed.
 * - The status of a quota is for people; it is never counted with.
 */
import type { Pod, ResourceQuota } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { persistentVolumeClaims, pods, resourceQuotas, services, type Resource } from '../../../api/resources.ts';
import type { Clock } from '../../../machinery/clock.ts';
import type { Reservation } from '../../registry/strategy.ts';
import { newAdmissionForbidden } from '../admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import type { AdmissionStore } from '../admission-store.ts';
import { formatAmount } from '../resource-amounts.ts';
import { concerns, missingResources } from './quota-usage.ts';
import { matchesScopes } from './quota-scopes.ts';
import { addUsage, isPlainCount, sumUsage } from './sum-usage.ts';
import type { UsageTallies } from './usage-tallies.ts';

/** A write that was admitted and is perhaps not visible yet. */
interface Admitted {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly object: KubernetesObject;
  /** What the store showed; while it still does, the write counts by itself. */
  readonly old: KubernetesObject | undefined;
}

/** Kinds whose updates may use more. */
const updatable: ReadonlySet<Resource> = new Set<Resource>([services, persistentVolumeClaims]);

export interface ResourceQuotaOptions {
  store: AdmissionStore;
  clock: Pick<Clock, 'now'>;
  /** Keeps count. Absent: objects are counted for every write. */
  tallies?: UsageTallies | undefined;
}

export function createResourceQuota({ store, clock, tallies }: ResourceQuotaOptions): AdmissionPlugin {
  /** Namespace → writes under way. */
  const underWay = new Map<string, Set<Admitted>>();

  const hold = (write: Admitted): Reservation => {
    const set = underWay.get(write.namespace) ?? new Set();
    underWay.set(write.namespace, set.add(write));
    const release = (): void => {
      set.delete(write);
      if (set.size === 0 && underWay.get(write.namespace) === set) underWay.delete(write.namespace);
    };
    return { commit: release, rollback: release };
  };
  const usedOf = (quota: ResourceQuota, resource: Resource, namespace: string): Map<string, bigint> => {
    const now = clock.now();
    const totals = tallies && !isPlainCount(quota, resource) ? tallies.usageOf(quota, resource, now) : sumUsage(store, quota, resource, now);
    const names = [...totals.keys()];
    for (const write of underWay.get(namespace) ?? []) {
      if (write.resource !== resource || store.get(resource, namespace, write.name) !== write.old) continue;
      addUsage(totals, { quota, resource, names, now }, write.object);
      if (write.old) addUsage(totals, { quota, resource, names, now, sign: -1n }, write.old);
    }
    return totals;
  };
  return {
    name: 'ResourceQuota',
    validate(attributes) {
      const { operation, resource, subresource, namespace, object } = attributes;
      const isResize = subresource === 'resize';
      if (!namespace || !object || resource.virtual || (subresource && !isResize)) return;
      if (operation !== 'CREATE' && !(operation === 'UPDATE' && (isResize || updatable.has(resource)))) return;
      const quotas = store.list(resourceQuotas, namespace);
      if (quotas.length === 0) return;
      let concerned = false;
      for (const quota of quotas) {
        const names = Object.keys(quota.spec?.hard ?? {}).filter((name) => concerns(resource, name));
        if (names.length === 0 || !matchesScopes(quota, resource, object)) continue;
        concerned = true;
        checkQuota(attributes, { quota, names, used: () => usedOf(quota, resource, namespace), now: clock.now() });
      }
      if (!concerned || attributes.dryRun) return;
      return hold({ resource, namespace, name: object.metadata?.name ?? '', object, old: attributes.old });
    },
  };
}

interface Check {
  quota: ResourceQuota;
  /** Those of the quota that concern the kind. */
  names: readonly string[];
  used: () => ReadonlyMap<string, bigint>;
  now: number;
}

/** @throws StatusError Forbidden. */
function checkQuota(attributes: AdmissionAttributes, { quota, names, used, now }: Check): void {
  const { resource, object, old } = attributes;
  const quotaName = quota.metadata?.name ?? '';
  if (resource === pods) {
    const missing = missingResources(object as Pod, names);
    if (missing) throw newAdmissionForbidden(attributes, `failed quota: ${quotaName}: must specify ${missing}`);
  }
  const requested = new Map<string, bigint>();
  addUsage(requested, { quota, resource, names, now }, object!);
  if (old) addUsage(requested, { quota, resource, names, now, sign: -1n }, old);
  const wanted = [...requested].filter(([, amount]) => amount > 0n);
  if (wanted.length === 0) return;
  const before = used();
  const hard = quota.spec!.hard as Readonly<Record<string, string>>;
  const exceeded = wanted.filter(([name, amount]) => (before.get(name) ?? 0n) + amount > parseQuantity(hard[name]!)).map(([name]) => name).sort();
  if (exceeded.length === 0) return;
  const show = (amountOf: (name: string) => string): string => exceeded.map((name) => `${name}=${amountOf(name)}`).join(',');
  const format = (name: string, amount: bigint): string => formatAmount(amount, isBinary(name, hard[name]!));
  throw newAdmissionForbidden(attributes, `exceeded quota: ${quotaName}, requested: ${show((name) => format(name, requested.get(name)!))}, `
    + `used: ${show((name) => format(name, before.get(name) ?? 0n))}, limited: ${show((name) => String(hard[name]))}`);
}

/** Amounts are written like the limit they are compared with. */
export function isBinary(name: string, limit: string): boolean {
  return /(memory|storage)$/.test(name) || limit.endsWith('i');
}
