/** From a pod to the Services that select it. */
import type { Pod, Service } from '../../api/core.ts';
import { objectKey } from '../../api/meta.ts';
import type { Informer } from '../../machinery/informer.ts';

export class ServiceSelectors {
  private readonly services: Informer<Service>;

  constructor(services: Informer<Service>) {
    this.services = services;
  }

  /** Keys of the Services in the pod's namespace whose selector matches its labels. A Service without selector selects nothing. */
  servicesOf(pod: Pod): string[] {
    const labels = pod.metadata?.labels ?? {};
    return this.services.list(pod.metadata?.namespace)
      .filter((service) => {
        const selector = Object.entries(service.spec?.selector ?? {});
        return selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
      })
      .map(objectKey);
  }
}
