/**
 * An IPAddress for each address that a Service has, so that clients see who has which. What is taken is decided when a Service
 * is written; the objects follow. Counterpart of pkg/registry/core/service/ipallocator and its repair loop.
 */
import type { Service } from '../../../api/core.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../../api/errors.ts';
import { objectKey } from '../../../api/meta.ts';
import type { IPAddress } from '../../../api/networking.ts';
import { ipAddresses, services } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import { clusterIPsOf } from '../../registry/core/service/service-needs.ts';
import { addressOfService, belongsTo, isOfService } from '../../registry/networking/ip-address/service-addresses.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

export class ServiceAddressController implements RunnableController {
  private readonly client: ResourceClient<IPAddress>;
  private readonly services: Informer<Service>;
  private readonly addresses: Informer<IPAddress>;
  private readonly controller: Controller;
  /** Address → key of the Service that has it. */
  private readonly owners = new Map<string, string>();

  constructor({ client, informers, clock, logger, random }: ControllerContext) {
    this.client = client.resource(ipAddresses);
    this.services = informers.of(services);
    this.addresses = informers.of(ipAddresses);
    this.controller = new Controller({ name: 'service-address', workers: 2, reconcile: (address) => this.reconcile(address), clock, logger, random });
    this.services.addHandler({
      added: (service) => this.takes(service, clusterIPsOf(service)),
      updated: (previous, service) => {
        const [before, after] = [clusterIPsOf(previous), clusterIPsOf(service)];
        this.loses(previous, before.filter((address) => !after.includes(address)));
        this.takes(service, after.filter((address) => !before.includes(address)));
      },
      deleted: (service) => this.loses(service, clusterIPsOf(service)),
    });
    const enqueue = ({ metadata }: IPAddress): void => this.controller.enqueue(metadata?.name ?? '');
    this.addresses.addHandler({ added: enqueue, updated: () => {}, deleted: enqueue });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private takes(service: Service, addresses: readonly string[]): void {
    for (const address of addresses) {
      this.owners.set(address, objectKey(service));
      this.controller.enqueue(address);
    }
  }

  private loses(service: Service, addresses: readonly string[]): void {
    for (const address of addresses) {
      if (this.owners.get(address) === objectKey(service)) this.owners.delete(address);
      this.controller.enqueue(address);
    }
  }

  private async reconcile(name: string): Promise<void> {
    const owner = this.owners.get(name);
    const service = owner === undefined ? undefined : this.services.get(owner);
    const present = this.addresses.get(name);
    try {
      if (present) {
        // Addresses that somebody else made are no business of this controller.
        if (!isOfService(present) || (service && belongsTo(present, service))) return;
        const { uid } = present.metadata ?? {};
        await this.client.delete(name, undefined, uid ? { preconditions: { uid } } : {});
      } else if (service) {
        await this.client.create(addressOfService(name, service));
      }
    } catch (error) {
      // The informer will tell.
      if (!isNotFound(error) && !isConflict(error) && !isAlreadyExists(error)) throw error;
    }
  }
}
