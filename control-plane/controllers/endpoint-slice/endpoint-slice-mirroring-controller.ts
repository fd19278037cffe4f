/**
 * Mirrors Endpoints that somebody keeps by hand (for a Service without selector) into EndpointSlices, which is all the proxy
 * reads.
 */
import type { Endpoints, Service } from '../../../api/core.ts';
import type { EndpointSlice } from '../../../api/discovery.ts';
import { isNotFound } from '../../../api/errors.ts';
import { objectKey } from '../../../api/meta.ts';
import { endpoints, endpointSlices, services } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';
import { newControllerReference } from '../pod-from-template.ts';
import { sliceServiceIndex, sliceServiceKeys } from './endpoint-slice-controller.ts';
import { mirrorGroups, shouldMirror } from './mirrored-endpoints.ts';
import { planSlices } from './plan-slices.ts';
import type { SlicePlanInput } from './plan-slices.ts';
import { managedByLabel, serviceNameLabel, writeSlices } from './slice-writer.ts';

export const endpointSliceMirroringManager = 'endpointslicemirroring-controller.k8s.io';
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

export class EndpointSliceMirroringController implements RunnableController {
  private readonly sliceClient: ResourceClient<EndpointSlice>;
  private readonly endpointsInformer: Informer<Endpoints>;
  private readonly serviceInformer: Informer<Service>;
  private readonly sliceInformer: Informer<EndpointSlice>;
  private readonly controller: Controller;

  constructor({ client, informers, clock, logger, random }: ControllerContext) {
    this.sliceClient = client.resource(endpointSlices);
    this.endpointsInformer = informers.of(endpoints);
    this.serviceInformer = informers.of(services);
    this.sliceInformer = informers.of(endpointSlices);
    informers.index(endpointSlices, sliceServiceIndex, sliceServiceKeys);
    this.controller = new Controller({ name: 'endpoint-slice-mirroring', workers: 1, reconcile: (key) => this.reconcile(key), clock, logger, random });
    const enqueue = (object: Endpoints | Service) => this.controller.enqueue(objectKey(object));
    this.endpointsInformer.addHandler({ added: enqueue, updated: (_previous, object) => enqueue(object), deleted: enqueue });
    this.serviceInformer.addHandler({ added: enqueue, updated: (_previous, object) => enqueue(object), deleted: enqueue });
    const enqueueSlice = (slice: EndpointSlice) => {
      if (slice.metadata?.labels?.[managedByLabel] === endpointSliceMirroringManager) sliceServiceKeys(slice).forEach((key) => this.controller.enqueue(key));
    };
    this.sliceInformer.addHandler({ added: enqueueSlice, updated: (_previous, slice) => enqueueSlice(slice), deleted: enqueueSlice });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(key: string): Promise<void> {
    const service = this.serviceInformer.get(key);
    const source = this.endpointsInformer.get(key);
    const existing = this.sliceInformer.byIndex(sliceServiceIndex, key)
      .filter((slice) => slice.metadata?.labels?.[managedByLabel] === endpointSliceMirroringManager && !slice.metadata.deletionTimestamp);
    const mirrors = service && !service.spec?.selector && source && !source.metadata?.deletionTimestamp && shouldMirror(source);
    const plan = mirrors
      ? planSlices({ groups: mirrorGroups(source), existing, metadata: mirrorMetadata(source), placeholders: [] })
      : { create: [], update: [], remove: existing };
    try {
      await writeSlices(this.sliceClient, plan);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function mirrorMetadata(source: Endpoints): SlicePlanInput['metadata'] {
  const { name = '', namespace, labels } = source.metadata ?? {};
  const { [lastAppliedAnnotation]: _lastApplied, ...annotations } = source.metadata?.annotations ?? {};
  return {
    ...(namespace ? { namespace } : {}),
    generateName: `${name}-`,
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: endpointSliceMirroringManager },
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ownerReferences: [newControllerReference(endpoints, source)],
  };
}
