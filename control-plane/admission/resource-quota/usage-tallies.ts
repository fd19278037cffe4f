/**
 * What namespaces use of their quotas, kept up to date with the store instead of counted anew for every write.
 *
 * INVARIANTS
 * - A tally begins with what the store shows and then takes every event of the store, in the moment it becomes visible.
 * - Objects that are being deleted are counted when somebody asks: their grace period ends without an event.
 */
import type { ResourceQuota } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import { deepEqual } from '../../registry/deep-equal.ts';
import { listPrefix } from '../../storage/keys.ts';
import type { Storage, StorageEvent } from '../../storage/storage.ts';
import { concerns } from './quota-usage.ts';
import { addUsage } from './sum-usage.ts';

type TallyStorage = Pick<Storage, 'list' | 'watch' | 'revision'>;

const maxTallies = 256;

export class UsageTallies {
  private readonly storage: TallyStorage;
  /** Least recently used first. */
  private readonly tallies = new Map<string, Tally>();

  constructor(storage: TallyStorage) {
    this.storage = storage;
  }

  /** Of the names of the quota that objects of this kind use; the caller's to change. @param now milliseconds. */
  usageOf(quota: ResourceQuota, resource: Resource, now: number): Map<string, bigint> {
    const key = `${quota.metadata?.namespace}/${quota.metadata?.name}/${resource.group}/${resource.plural}`;
    let tally = this.tallies.get(key);
    this.tallies.delete(key);
    if (!tally?.isOf(quota)) {
      tally?.stop();
      tally = new Tally(this.storage, { quota, resource, now });
    }
    this.tallies.set(key, tally);
    if (this.tallies.size > maxTallies) {
      const [oldest, unused] = this.tallies.entries().next().value!;
      this.tallies.delete(oldest);
      unused.stop();
    }
    return tally.usage(now);
  }
}

class Tally {
  private readonly storage: TallyStorage;
  private quota: ResourceQuota;
  private readonly resource: Resource;
  private readonly names: readonly string[];
  private totals: Map<string, bigint>;
  /** Being deleted, by key. */
  private readonly ending = new Map<string, KubernetesObject>();
  private unwatch: (() => void) | undefined;

  constructor(storage: TallyStorage, { quota, resource, now }: { quota: ResourceQuota; resource: Resource; now: number }) {
    this.storage = storage;
    this.quota = quota;
    this.resource = resource;
    this.names = Object.keys(quota.spec?.hard ?? {}).filter((name) => concerns(resource, name));
    this.totals = new Map(this.names.map((name) => [name, 0n]));
    this.begin(now);
  }

  /** Whether it is about what the quota says now: the status of a quota changes with every object. */
  isOf(quota: ResourceQuota): boolean {
    if (quota !== this.quota && !deepEqual(quota.spec, this.quota.spec)) return false;
    this.quota = quota;
    return true;
  }

  usage(now: number): Map<string, bigint> {
    if (!this.unwatch) this.begin(now);
    const totals = new Map(this.totals);
    for (const object of this.ending.values()) this.add(totals, object, now);
    return totals;
  }

  stop(): void {
    this.unwatch?.();
    this.unwatch = undefined;
  }

  private begin(now: number): void {
    const prefix = listPrefix(this.resource, this.quota.metadata?.namespace);
    this.totals = new Map(this.names.map((name) => [name, 0n]));
    this.ending.clear();
    for (const { key, object } of this.storage.list(prefix).items) this.take(key, object, now);
    this.unwatch = this.storage.watch(prefix, this.storage.revision, {
      events: (events) => { for (const event of events) this.follow(event, now); },
      // Whoever asks next begins anew.
      closed: () => { this.unwatch = undefined; },
    });
  }

  // The time matters only for what is being deleted, which is counted when somebody asks.
  private follow({ type, key, object, previous }: StorageEvent, now: number): void {
    if (previous && !this.ending.delete(key)) this.add(this.totals, previous, now, -1n);
    if (type === 'put') this.take(key, object, now);
  }

  private take(key: string, object: KubernetesObject, now: number): void {
    if (object.metadata?.deletionTimestamp) this.ending.set(key, object);
    else this.add(this.totals, object, now);
  }

  private add(totals: Map<string, bigint>, object: KubernetesObject, now: number, sign = 1n): void {
    addUsage(totals, { quota: this.quota, resource: this.resource, names: this.names, now, sign }, object);
  }
}
