/**
 * Shows in the status of every ResourceQuota what its namespace uses. Admission does not count with it; it is for people.
 * Follows k8s.io/kubernetes/pkg/controller/resourcequota.
 *
 * Kinds that some quota names are watched from the moment it names them; usage that time alone changes (grace periods) is
 * looked at again every now and then.
 */
import type { ResourceQuota } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { objectKey, splitKey } from '../../../api/meta.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { resourceQuotas, type Resource } from '../../../api/resources.ts';
import type { Clock, Timer } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import { concerns } from '../../admission/resource-quota/quota-usage.ts';
import { isBinary } from '../../admission/resource-quota/resource-quota.ts';
import { sumUsage } from '../../admission/resource-quota/sum-usage.ts';
import { formatAmount } from '../../admission/resource-amounts.ts';
import { deepEqual } from '../../registry/deep-equal.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

const resyncMs = 5 * 60 * 1000;
/** Counting takes at most a tenth of the time. */
const restPerWork = 10;

export class ResourceQuotaController implements RunnableController {
  private readonly context: ControllerContext;
  private readonly clock: Clock;
  private readonly quotas: Informer<ResourceQuota>;
  private readonly watched = new Set<Resource>();
  private readonly controller: Controller;
  private resync: Timer | undefined;
  /** Key → when it may be looked at again: counting many objects must not take the time of those who write them. */
  private readonly restUntil = new Map<string, number>();

  constructor(context: ControllerContext) {
    const { informers, clock, logger, random } = context;
    this.context = context;
    this.clock = clock;
    this.quotas = informers.of(resourceQuotas);
    this.controller = new Controller({ name: 'resource-quota', workers: 1, reconcile: (key) => this.reconcile(key), clock, logger, random });
    this.quotas.addHandler({
      added: (quota) => this.controller.enqueue(objectKey(quota)),
      updated: (previous, quota) => {
        if (previous.spec === quota.spec || deepEqual(previous.spec, quota.spec)) this.enqueueRested(objectKey(quota));
        else this.controller.enqueue(objectKey(quota));
      },
      deleted: (quota) => { this.restUntil.delete(objectKey(quota)); },
    });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
    const again = (): void => {
      for (const quota of this.quotas.list()) this.controller.enqueue(objectKey(quota));
      this.resync = this.clock.after(resyncMs, again);
    };
    this.resync = this.clock.after(resyncMs, again);
  }

  stop(): Promise<void> {
    this.resync?.cancel();
    return this.controller.stop();
  }

  private async reconcile(key: string): Promise<void> {
    const quota = this.quotas.get(key);
    if (!quota || quota.metadata?.deletionTimestamp) return;
    const hard = quota.spec?.hard ?? {};
    const resources = this.context.catalog.resources.filter((row) => row.namespaced && !row.virtual && !row.storedAs && Object.keys(hard).some((name) => concerns(row, name)));
    await this.watch(resources);
    const began = this.clock.monotonic();
    const used = this.usedOf(quota, resources);
    const ended = this.clock.monotonic();
    this.restUntil.set(key, ended + (ended - began) * restPerWork);
    if (deepEqual(quota.status?.hard, hard) && deepEqual(quota.status?.used, used)) return;
    const { namespace, name } = splitKey(key);
    try {
      await this.context.client.resource(resourceQuotas).modify(name, namespace, (copy) => ({ ...copy, status: { hard: { ...hard }, used } }), 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private usedOf(quota: ResourceQuota, resources: readonly Resource[]): Record<string, string> {
    const hard = (quota.spec?.hard ?? {}) as Readonly<Record<string, string>>;
    const source = {
      list: (resource: Resource, namespace: string) => this.context.informers.of(resource).list(namespace),
      count: (resource: Resource, namespace: string) => this.context.informers.of(resource).list(namespace).length,
    };
    const used: Record<string, string> = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
    for (const resource of resources) {
      for (const [name, amount] of sumUsage(source, quota, resource, this.clock.now())) used[name] = formatAmount(amount, isBinary(name, hard[name]!));
    }
    return used;
  }

  /** Resolves when what the quota counts is known. */
  private async watch(resources: readonly Resource[]): Promise<void> {
    const { informers } = this.context;
    const added = resources.filter((resource) => !this.watched.has(resource));
    if (added.length === 0) return;
    for (const resource of added) {
      this.watched.add(resource);
      const changed = (object: KubernetesObject): void => this.enqueueNamespace(object.metadata?.namespace ?? '');
      informers.of(resource).addHandler({ added: changed, updated: (_previous, object) => changed(object), deleted: changed });
    }
    informers.start();
    await Promise.all(added.map((resource) => informers.of(resource).synced()));
  }

  private enqueueRested(key: string): void {
    const wait = (this.restUntil.get(key) ?? 0) - this.clock.monotonic();
    if (wait > 0) this.controller.enqueueAfter(key, wait);
    else this.controller.enqueue(key);
  }

  private enqueueNamespace(namespace: string): void {
    for (const quota of this.quotas.list(namespace)) this.enqueueRested(objectKey(quota));
  }
}
