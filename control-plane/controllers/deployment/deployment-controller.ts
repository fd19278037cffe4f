/** Watches Deployments, their ReplicaSets and pods. Follows k8s.io/kubernetes/pkg/controller/deployment. */
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import type { Pod } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { matches, selectorFromLabelSelector } from '../../../api/labels.ts';
import { controllerOf, namespacedKey, objectKey } from '../../../api/meta.ts';
import { deployments, pods, replicaSets } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, EventSink, RunnableController } from '../controller-context.ts';
import { claim } from '../controller-ref-manager.ts';
import { newControllerReference } from '../pod-from-template.ts';
import { orphanIndex, ownerIndex } from '../shared-informers.ts';
import { DeploymentSync } from './deployment-sync.ts';
import { nextProgressCheck } from './progress.ts';

export class DeploymentController implements RunnableController {
  private readonly client: ResourceClient<Deployment>;
  private readonly replicaSetClient: ResourceClient<ReplicaSet>;
  private readonly informer: Informer<Deployment>;
  private readonly replicaSetInformer: Informer<ReplicaSet>;
  private readonly podInformer: Informer<Pod>;
  private readonly clock: Clock;
  private readonly recorder: EventSink;
  private readonly controller: Controller;

  constructor(context: ControllerContext) {
    const { client, informers, clock, logger, random } = context;
    this.client = client.resource(deployments);
    this.replicaSetClient = client.resource(replicaSets);
    this.informer = informers.of(deployments);
    this.replicaSetInformer = informers.of(replicaSets);
    this.podInformer = informers.of(pods);
    this.clock = clock;
    this.recorder = context.recorder('deployment-controller');
    this.controller = new Controller({ name: 'deployment', workers: 2, reconcile: (key) => this.reconcile(key), clock, logger, random });
    this.informer.addHandler({
      added: (deployment) => this.controller.enqueue(objectKey(deployment)),
      updated: (_previous, deployment) => this.controller.enqueue(objectKey(deployment)),
      deleted: (deployment) => this.controller.enqueue(objectKey(deployment)),
    });
    this.replicaSetInformer.addHandler({
      added: (replicaSet) => this.enqueueOwners(replicaSet),
      updated: (previous, replicaSet) => {
        this.enqueueOwners(replicaSet);
        if (controllerOf(previous)?.uid !== controllerOf(replicaSet)?.uid) this.enqueueOwners(previous);
      },
      deleted: (replicaSet) => this.enqueueOwners(replicaSet),
    });
    // Recreate waits for the last old pod to be gone or finished, which no ReplicaSet's status tells.
    this.podInformer.addHandler({
      added: () => {},
      updated: (_previous, pod) => this.enqueueRecreate(pod),
      deleted: (pod) => this.enqueueRecreate(pod),
    });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private enqueueOwners(replicaSet: ReplicaSet): void {
    const reference = controllerOf(replicaSet);
    const namespace = replicaSet.metadata?.namespace;
    if (reference) {
      if (reference.kind === deployments.kind) this.controller.enqueue(namespacedKey(namespace, reference.name));
      return;
    }
    for (const deployment of this.informer.list(namespace)) {
      const selector = selectorFromLabelSelector(deployment.spec?.selector);
      if (selector && matches(selector, replicaSet.metadata?.labels)) this.controller.enqueue(objectKey(deployment));
    }
  }

  private enqueueRecreate(pod: Pod): void {
    const owner = controllerOf(pod);
    if (owner?.kind !== replicaSets.kind) return;
    const namespace = pod.metadata?.namespace;
    const reference = controllerOf(this.replicaSetInformer.get(namespacedKey(namespace, owner.name)) ?? {});
    if (reference?.kind !== deployments.kind) return;
    const key = namespacedKey(namespace, reference.name);
    if (this.informer.get(key)?.spec?.strategy?.type === 'Recreate') this.controller.enqueue(key);
  }

  private async reconcile(key: string): Promise<void> {
    const deployment = this.informer.get(key);
    const selector = selectorFromLabelSelector(deployment?.spec?.selector);
    if (!deployment || !selector) return;
    if (selector.length === 0) {
      this.recorder.event(deployment, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
      return;
    }
    try {
      const owned = await claim({
        owner: deployment,
        reference: newControllerReference(deployments, deployment),
        ownerClient: this.client,
        client: this.replicaSetClient,
        candidates: [
          ...this.replicaSetInformer.byIndex(ownerIndex, deployment.metadata?.uid ?? ''),
          ...this.replicaSetInformer.byIndex(orphanIndex, deployment.metadata?.namespace ?? ''),
        ],
        selector,
      });
      const sync = new DeploymentSync({
        client: this.client, replicaSetClient: this.replicaSetClient, clock: this.clock, recorder: this.recorder,
        podsOf: (sets) => sets.flatMap((set) => this.podInformer.byIndex(ownerIndex, set.metadata?.uid ?? '')),
      }, deployment);
      const result = await sync.run(owned);
      const wait = nextProgressCheck(result, result.status ?? {}, this.clock.now());
      if (wait !== undefined) this.controller.enqueueAfter(key, wait);
    } catch (error) {
      // Deleted while it was worked on: its deletion comes as an event of its own.
      if (!isNotFound(error)) throw error;
    }
  }
}
