/** Keeps the legacy Endpoints object of every Service with a selector, for clients that do not know EndpointSlices. */
import type { Endpoints, Pod, Service } from '../../../api/core.ts';
import { isAlreadyExists, isConflict, isForbidden, isNotFound } from '../../../api/errors.ts';
import { matches, selectorFromMap } from '../../../api/labels.ts';
import { objectKey, splitKey } from '../../../api/meta.ts';
import { endpoints, pods, services } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, EventSink, RunnableController } from '../controller-context.ts';
import { endpointRelevantChange } from '../endpoint-slice/service-endpoints.ts';
import { headlessLabel } from '../endpoint-slice/slice-writer.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { ServiceSelectors } from '../service-selectors.ts';
import { endpointSubsets } from './endpoint-subsets.ts';

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const endpointsManager = 'endpoint-controller';
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';

export class EndpointsController implements RunnableController {
  private readonly client: ResourceClient<Endpoints>;
  private readonly serviceInformer: Informer<Service>;
  private readonly podInformer: Informer<Pod>;
  private readonly informer: Informer<Endpoints>;
  private readonly recorder: EventSink;
  private readonly controller: Controller;

  constructor(context: ControllerContext) {
    const { client, informers, clock, logger, random } = context;
    this.client = client.resource(endpoints);
    this.serviceInformer = informers.of(services);
    this.podInformer = informers.of(pods);
    this.informer = informers.of(endpoints);
    this.recorder = context.recorder('endpoint-controller');
    this.controller = new Controller({ name: 'endpoints', workers: 2, reconcile: (key) => this.reconcile(key), clock, logger, random });
    const selectors = new ServiceSelectors(this.serviceInformer);
    const enqueue = (key: string) => this.controller.enqueue(key);
    this.serviceInformer.addHandler({
      added: (service) => enqueue(objectKey(service)),
      updated: (_previous, service) => enqueue(objectKey(service)),
      deleted: (service) => enqueue(objectKey(service)),
    });
    this.podInformer.addHandler({
      added: (pod) => selectors.servicesOf(pod).forEach(enqueue),
      updated: (previous, pod) => {
        if (endpointRelevantChange(previous, pod)) [...selectors.servicesOf(previous), ...selectors.servicesOf(pod)].forEach(enqueue);
      },
      deleted: (pod) => selectors.servicesOf(pod).forEach(enqueue),
    });
    // Also finds, at the start, what a Service left behind that went while nobody watched.
    const enqueueManaged = (object: Endpoints) => {
      if (object.metadata?.labels?.[managedByLabel] === endpointsManager) enqueue(objectKey(object));
    };
    this.informer.addHandler({ added: enqueueManaged, updated: (_previous, object) => enqueueManaged(object), deleted: enqueueManaged });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(key: string): Promise<void> {
    const service = this.serviceInformer.get(key);
    const existing = this.informer.get(key);
    if (!service) {
      if (existing) await this.remove(existing);
      return;
    }
    const selector = service.spec?.selector;
    if (!selector || service.metadata?.deletionTimestamp || service.spec?.type === 'ExternalName') return;
    const wanted = this.build(service, selector, existing);
    if (existing && semanticEqual(wanted, existing)) return;
    try {
      await (existing ? this.client.update(wanted) : this.client.create(wanted));
    } catch (error) {
      // The namespace is going away, or is gone.
      if (isNotFound(error) || (!existing && isForbidden(error))) return;
      if (!isConflict(error) && !isAlreadyExists(error)) {
        const message = error instanceof Error ? error.message : String(error);
        this.recorder.event(service, 'Warning', existing ? 'FailedToUpdateEndpoint' : 'FailedToCreateEndpoint', `Failed to ${existing ? 'update' : 'create'} endpoint ${key}: ${message}`);
      }
      throw error;
    }
  }

  private build(service: Service, selector: Record<string, string>, existing: Endpoints | undefined): Endpoints {
    const requirements = selectorFromMap(selector);
    const { name, namespace, labels } = service.metadata ?? {};
    const matching = this.podInformer.list(namespace).filter((pod) => matches(requirements, pod.metadata?.labels));
    const { subsets, truncated } = endpointSubsets(service, matching);
    const { [overCapacityAnnotation]: _old, ...annotations } = existing?.metadata?.annotations ?? {};
    const allAnnotations = truncated ? { ...annotations, [overCapacityAnnotation]: 'truncated' } : annotations;
    const { annotations: _annotations, ...kept } = structuredClone(existing?.metadata ?? {});
    return {
      ...existing,
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        ...kept,
        ...(name ? { name } : {}),
        ...(namespace ? { namespace } : {}),
        labels: { ...labels, ...(service.spec?.clusterIP === 'None' ? { [headlessLabel]: '' } : {}), [managedByLabel]: endpointsManager },
        ...(Object.keys(allAnnotations).length > 0 ? { annotations: allAnnotations } : {}),
      },
      subsets,
    };
  }

  /** The Endpoints of a Service that is gone, whoever made them: nothing can reach them any more. */
  private async remove(existing: Endpoints): Promise<void> {
    const { name, namespace } = splitKey(objectKey(existing));
    try {
      await this.client.delete(name, namespace, { ...(existing.metadata?.uid ? { preconditions: { uid: existing.metadata.uid } } : {}) });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
