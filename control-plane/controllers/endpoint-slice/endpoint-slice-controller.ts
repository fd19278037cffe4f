/**
 * Keeps the EndpointSlices of every Service with a selector. Follows k8s.io/kubernetes/pkg/controller/endpointslice, without
 * its batching: how soon a slice follows a pod decides whether a rolling update loses requests.
 */
import type { Pod, Service } from '../../../api/core.ts';
import type { EndpointSlice } from '../../../api/discovery.ts';
import { isConflict, isNamespaceTerminating, isNotFound } from '../../../api/errors.ts';
import { matches, selectorFromMap } from '../../../api/labels.ts';
import { namespacedKey, objectKey } from '../../../api/meta.ts';
import { endpointSlices, pods, services } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, EventSink, RunnableController } from '../controller-context.ts';
import { newControllerReference } from '../pod-from-template.ts';
import { ServiceSelectors } from '../service-selectors.ts';
import { planSlices } from './plan-slices.ts';
import type { SlicePlanInput } from './plan-slices.ts';
import { endpointRelevantChange, groupEndpoints, serviceAddressTypes } from './service-endpoints.ts';
import { headlessLabel, managedByLabel, serviceNameLabel, writeSlices } from './slice-writer.ts';

export const endpointSliceManager = 'endpointslice-controller.k8s.io';

/** Index of slices: namespace/service → its slices. */
export const sliceServiceIndex = 'service';

export function sliceServiceKeys(slice: EndpointSlice): string[] {
  const service = slice.metadata?.labels?.[serviceNameLabel];
  return service ? [namespacedKey(slice.metadata?.namespace, service)] : [];
}

export class EndpointSliceController implements RunnableController {
  private readonly sliceClient: ResourceClient<EndpointSlice>;
  private readonly serviceInformer: Informer<Service>;
  private readonly podInformer: Informer<Pod>;
  private readonly sliceInformer: Informer<EndpointSlice>;
  private readonly recorder: EventSink;
  private readonly controller: Controller;

  constructor(context: ControllerContext) {
    const { client, informers, clock, logger, random } = context;
    this.sliceClient = client.resource(endpointSlices);
    this.serviceInformer = informers.of(services);
    this.podInformer = informers.of(pods);
    this.sliceInformer = informers.of(endpointSlices);
    informers.index(endpointSlices, sliceServiceIndex, sliceServiceKeys);
    this.recorder = context.recorder('endpoint-slice-controller');
    this.controller = new Controller({ name: 'endpoint-slice', workers: 2, reconcile: (key) => this.reconcile(key), clock, logger, random });
    const selectors = new ServiceSelectors(this.serviceInformer);
    const enqueue = (key: string) => this.controller.enqueue(key);
    this.serviceInformer.addHandler({
      added: (service) => enqueue(objectKey(service)),
      updated: (_previous, service) => enqueue(objectKey(service)),
      deleted: () => {},
    });
    this.podInformer.addHandler({
      added: (pod) => selectors.servicesOf(pod).forEach(enqueue),
      updated: (previous, pod) => {
        if (endpointRelevantChange(previous, pod)) [...selectors.servicesOf(previous), ...selectors.servicesOf(pod)].forEach(enqueue);
      },
      deleted: (pod) => selectors.servicesOf(pod).forEach(enqueue),
    });
    const enqueueSlice = (slice: EndpointSlice) => {
      if (slice.metadata?.labels?.[managedByLabel] === endpointSliceManager) sliceServiceKeys(slice).forEach(enqueue);
    };
    this.sliceInformer.addHandler({
      added: enqueueSlice,
      updated: (previous, slice) => {
        enqueueSlice(previous);
        enqueueSlice(slice);
      },
      deleted: enqueueSlice,
    });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(key: string): Promise<void> {
    const service = this.serviceInformer.get(key);
    const selector = service?.spec?.selector;
    // The slices of a deleted Service go with it, by their owner references; one without selector keeps its own.
    if (!service || service.metadata?.deletionTimestamp || !selector || service.spec?.type === 'ExternalName') return;
    const requirements = selectorFromMap(selector);
    const matching = this.podInformer.list(service.metadata?.namespace).filter((pod) => matches(requirements, pod.metadata?.labels));
    const existing = this.sliceInformer.byIndex(sliceServiceIndex, key)
      .filter((slice) => slice.metadata?.labels?.[managedByLabel] === endpointSliceManager && !slice.metadata.deletionTimestamp);
    const plan = planSlices({
      groups: groupEndpoints(service, matching), existing, metadata: sliceMetadata(service), placeholders: serviceAddressTypes(service),
    });
    try {
      await writeSlices(this.sliceClient, plan);
    } catch (error) {
      // The namespace or the Service is going; its deletion cleans up.
      if (isNotFound(error) || isNamespaceTerminating(error)) return;
      if (!isConflict(error)) {
        const message = error instanceof Error ? error.message : String(error);
        this.recorder.event(service, 'Warning', 'FailedToUpdateEndpointSlices', `Error updating Endpoint Slices for Service ${key}: ${message}`);
      }
      throw error;
    }
  }
}

function sliceMetadata(service: Service): SlicePlanInput['metadata'] {
  const { name = '', namespace, labels } = service.metadata ?? {};
  return {
    ...(namespace ? { namespace } : {}),
    generateName: `${name}-`,
    labels: {
      ...labels,
      ...(service.spec?.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
      [serviceNameLabel]: name,
      [managedByLabel]: endpointSliceManager,
    },
    ownerReferences: [newControllerReference(services, service)],
  };
}
