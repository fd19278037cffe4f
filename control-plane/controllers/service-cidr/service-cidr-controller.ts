/**
 * Says of every ServiceCIDR whether Services get addresses of it, and keeps it while they have some. Follows
 * k8s.io/kubernetes/pkg/controller/servicecidrs. Here all addresses come from the range that the control plane was started
 * with, because boards lead only that one to their proxies: other ranges are of use only where they are a part of it.
 */
import { isNotFound } from '../../../api/errors.ts';
import type { IPAddress, ServiceCIDR } from '../../../api/networking.ts';
import { ipAddresses, serviceCIDRs } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { timestamp, type Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import { isOfService } from '../../registry/networking/ip-address/service-addresses.ts';
import { blockOfAddress, containsBlock, parseBlock, type AddressBlock } from '../../registry/validation/strict-addresses.ts';
import { defaultServiceCidr } from '../bootstrap/service-cidr.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

type Condition = NonNullable<NonNullable<ServiceCIDR['status']>['conditions']>[number];

export const cidrFinalizer = 'networking.k8s.io/service-cidr-finalizer';
const type = 'Ready';

export class ServiceCidrController implements RunnableController {
  private readonly client: ResourceClient<ServiceCIDR>;
  private readonly cidrs: Informer<ServiceCIDR>;
  private readonly addresses: Informer<IPAddress>;
  private readonly clock: Clock;
  private readonly controller: Controller;

  constructor({ client, informers, clock, logger, random }: ControllerContext) {
    this.client = client.resource(serviceCIDRs);
    this.cidrs = informers.of(serviceCIDRs);
    this.addresses = informers.of(ipAddresses);
    this.clock = clock;
    this.controller = new Controller({ name: 'service-cidr', workers: 1, reconcile: (name) => this.reconcile(name), clock, logger, random });
    const enqueue = ({ metadata }: ServiceCIDR): void => this.controller.enqueue(metadata?.name ?? '');
    const enqueueAll = (): void => this.cidrs.list().forEach(enqueue);
    // One range may let another go, or hold it.
    this.cidrs.addHandler({ added: enqueueAll, updated: (_previous, cidr) => enqueue(cidr), deleted: enqueueAll });
    const enqueueDeleting = (): void => this.cidrs.list().filter(({ metadata }) => metadata?.deletionTimestamp).forEach(enqueue);
    this.addresses.addHandler({ added: enqueueDeleting, updated: () => {}, deleted: enqueueDeleting });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(name: string): Promise<void> {
    const cidr = this.cidrs.get(name);
    if (!cidr) return;
    try {
      if (!cidr.metadata?.deletionTimestamp) {
        await this.setFinalizer(name, true);
        await this.setCondition(name, this.readiness(cidr));
      } else if (this.isNeeded(cidr)) {
        await this.setCondition(name, { type, status: 'False', reason: 'Terminating', message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR' });
      } else {
        await this.setFinalizer(name, false);
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  private readiness(cidr: ServiceCIDR): Omit<Condition, 'lastTransitionTime'> {
    const served = blocksOf(this.cidrs.get(defaultServiceCidr));
    const outside = blocksOf(cidr).some((block) => !served.some((one) => containsBlock(one, block)));
    if (!outside) return { type, status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
    const ranges = this.cidrs.get(defaultServiceCidr)?.spec?.cidrs?.join(',') ?? '';
    return { type, status: 'False', reason: 'NotServed', message: `Services get addresses of ${ranges} only, the range that the control plane was started with` };
  }

  /** Whether a Service would have an address of no range. */
  private isNeeded(cidr: ServiceCIDR): boolean {
    const others = this.cidrs.list().filter((other) => other.metadata?.name !== cidr.metadata?.name).flatMap(blocksOf);
    const own = blocksOf(cidr);
    return this.addresses.list().filter(isOfService).some(({ metadata }) => {
      const address = blockOfAddress(metadata?.name ?? '');
      return address !== undefined && own.some((block) => containsBlock(block, address)) && !others.some((block) => containsBlock(block, address));
    });
  }

  private async setFinalizer(name: string, wanted: boolean): Promise<void> {
    await this.client.modify(name, undefined, (copy) => {
      const finalizers = copy.metadata?.finalizers ?? [];
      if (finalizers.includes(cidrFinalizer) === wanted) return undefined;
      return { ...copy, metadata: { ...copy.metadata, finalizers: wanted ? [...finalizers, cidrFinalizer] : finalizers.filter((one) => one !== cidrFinalizer) } };
    });
  }

  private async setCondition(name: string, wanted: Omit<Condition, 'lastTransitionTime'>): Promise<void> {
    await this.client.modify(name, undefined, (copy) => {
      const conditions = copy.status?.conditions ?? [];
      const found = conditions.find((one) => one.type === type);
      if (found?.status === wanted.status && found.reason === wanted.reason && found.message === wanted.message) return undefined;
      const lastTransitionTime = found?.status === wanted.status ? found.lastTransitionTime : timestamp(this.clock.now());
      return { ...copy, status: { ...copy.status, conditions: [...conditions.filter((one) => one.type !== type), { ...wanted, lastTransitionTime }] } };
    }, 'status');
  }
}

function blocksOf(cidr: ServiceCIDR | undefined): AddressBlock[] {
  return (cidr?.spec?.cidrs ?? []).flatMap((text) => parseBlock(text) ?? []);
}
