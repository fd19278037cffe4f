/**
 * Keeps as many pods of a ReplicaSet's template as spec.replicas says, and of a ReplicationController's, its elder. Follows
 * k8s.io/kubernetes/pkg/controller/replicaset and, in its form, pkg/controller/replication.
 */
import type { ReplicaSet } from '../../../api/apps.ts';
import type { Pod } from '../../../api/core.ts';
import { isConflict, isNamespaceTerminating, isNotFound } from '../../../api/errors.ts';
import { matches } from '../../../api/labels.ts';
import type { Selector } from '../../../api/labels.ts';
import { controllerOf, namespacedKey, objectKey } from '../../../api/meta.ts';
import { pods } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, EventSink, RunnableController } from '../controller-context.ts';
import { claim } from '../controller-ref-manager.ts';
import { newControllerReference, podFromTemplate } from '../pod-from-template.ts';
import { isPodActive } from '../pod-readiness.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { orphanIndex, ownerIndex } from '../shared-informers.ts';
import { podsToDelete } from './pods-to-delete.ts';
import { replicaSetKind, type ReplicaKind } from './replica-kind.ts';
import { calculateReplicaSetStatus, failedCreateReason, failedDeleteReason, nextAvailabilityCheck } from './replica-set-status.ts';
import type { ManageFailure } from './replica-set-status.ts';
import { slowStartBatch } from './slow-start.ts';

/** Most pods created or deleted in one go; the rest follows in the next reconcile. */
const burstReplicas = 500;

export class ReplicaSetController implements RunnableController {
  private readonly kind: ReplicaKind;
  private readonly client: ResourceClient<ReplicaSet>;
  private readonly podClient: ResourceClient<Pod>;
  private readonly informer: Informer<ReplicaSet>;
  private readonly podInformer: Informer<Pod>;
  private readonly clock: Clock;
  private readonly recorder: EventSink;
  private readonly controller: Controller;

  constructor(context: ControllerContext, kind: ReplicaKind = replicaSetKind) {
    this.kind = kind;
    const { client, informers, clock, logger, random } = context;
    this.client = client.resource(kind.resource);
    this.podClient = client.resource(pods);
    this.informer = informers.of(kind.resource);
    this.podInformer = informers.of(pods);
    this.clock = clock;
    this.recorder = context.recorder(kind.component);
    this.controller = new Controller({ name: kind.name, workers: 4, reconcile: (key) => this.reconcile(key), clock, logger, random });
    this.informer.addHandler({
      added: (replicaSet) => this.controller.enqueue(objectKey(replicaSet)),
      updated: (_previous, replicaSet) => this.controller.enqueue(objectKey(replicaSet)),
      deleted: (replicaSet) => this.controller.enqueue(objectKey(replicaSet)),
    });
    this.podInformer.addHandler({
      added: (pod) => this.enqueueOwners(pod),
      updated: (previous, pod) => {
        this.enqueueOwners(pod);
        if (controllerOf(previous)?.uid !== controllerOf(pod)?.uid) this.enqueueOwners(previous);
      },
      deleted: (pod) => this.enqueueOwners(pod),
    });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  /** The pod's own ReplicaSet, or every one that could adopt it. */
  private enqueueOwners(pod: Pod): void {
    const reference = controllerOf(pod);
    const namespace = pod.metadata?.namespace;
    if (reference) {
      if (reference.kind === this.kind.resource.kind) this.controller.enqueue(namespacedKey(namespace, reference.name));
      return;
    }
    for (const replicaSet of this.informer.list(namespace)) {
      const selector = this.kind.selectorOf(replicaSet);
      if (selector && matches(selector, pod.metadata?.labels)) this.controller.enqueue(objectKey(replicaSet));
    }
  }

  private async reconcile(key: string): Promise<void> {
    const replicaSet = this.informer.get(key);
    const selector = replicaSet && this.kind.selectorOf(replicaSet);
    if (!selector) return;
    const owned = await this.claimPods(replicaSet, selector);
    const failure = replicaSet.metadata?.deletionTimestamp ? undefined : await this.manageReplicas(replicaSet, owned.filter(isPodActive));
    await this.writeStatus(replicaSet, selector, failure);
    if (failure) throw failure.error;
  }

  private claimPods(replicaSet: ReplicaSet, selector: Selector): Promise<Pod[]> {
    return claim({
      owner: replicaSet,
      reference: newControllerReference(this.kind.resource, replicaSet),
      ownerClient: this.client,
      client: this.podClient,
      candidates: [
        ...this.podInformer.byIndex(ownerIndex, replicaSet.metadata?.uid ?? ''),
        ...this.podInformer.byIndex(orphanIndex, replicaSet.metadata?.namespace ?? ''),
      ],
      selector,
    });
  }

  /** Never throws: the failure goes into the status first. */
  private async manageReplicas(replicaSet: ReplicaSet, active: readonly Pod[]): Promise<(ManageFailure & { error: Error }) | undefined> {
    const difference = active.length - (replicaSet.spec?.replicas ?? 1);
    if (difference < 0) {
      const { error } = await slowStartBatch(Math.min(-difference, burstReplicas), () => this.createPod(replicaSet));
      return error && { error, reason: failedCreateReason, message: error.message };
    }
    if (difference === 0) return undefined;
    const chosen = podsToDelete(active, this.relatedPods(replicaSet), Math.min(difference, burstReplicas), this.clock.now());
    const results = await Promise.allSettled(chosen.map((pod) => this.deletePod(replicaSet, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    return failed && { error: failed.reason as Error, reason: failedDeleteReason, message: messageOf(failed.reason) };
  }

  private async createPod(replicaSet: ReplicaSet): Promise<void> {
    const pod = podFromTemplate(replicaSet.spec?.template ?? {}, replicaSet, newControllerReference(this.kind.resource, replicaSet));
    try {
      const created = await this.podClient.create(pod);
      this.recorder.event(replicaSet, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata?.name}`);
    } catch (error) {
      // The namespace is going away and takes the ReplicaSet with it: not worth an event, nor another attempt.
      if (isNamespaceTerminating(error)) return;
      this.recorder.event(replicaSet, 'Warning', failedCreateReason, `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  private async deletePod(replicaSet: ReplicaSet, pod: Pod): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    try {
      await this.podClient.delete(name, namespace, { ...(uid ? { preconditions: { uid } } : {}) });
      this.recorder.event(replicaSet, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      // Gone already, or another pod has taken its name.
      if (isNotFound(error) || isConflict(error)) return;
      this.recorder.event(replicaSet, 'Warning', failedDeleteReason, `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Active pods of all ReplicaSets that the same controller (a Deployment) owns. */
  private relatedPods(replicaSet: ReplicaSet): Pod[] {
    const owner = controllerOf(replicaSet)?.uid;
    const family = owner ? this.informer.byIndex(ownerIndex, owner).filter((other) => controllerOf(other)?.uid === owner) : [replicaSet];
    return family.flatMap((member) => this.ownPods(member)).filter(isPodActive);
  }

  private ownPods(replicaSet: ReplicaSet): Pod[] {
    const uid = replicaSet.metadata?.uid ?? '';
    return this.podInformer.byIndex(ownerIndex, uid).filter((pod) => controllerOf(pod)?.uid === uid);
  }

  /** Looks at the pods again: the informer already knows what this reconcile created and deleted. */
  private async writeStatus(replicaSet: ReplicaSet, selector: Selector, failure: ManageFailure | undefined): Promise<void> {
    const own = this.ownPods(replicaSet).filter((pod) => matches(selector, pod.metadata?.labels));
    const now = this.clock.now();
    const status = this.kind.statusOf(calculateReplicaSetStatus({ replicaSet, pods: own, failure, now }));
    const wait = nextAvailabilityCheck(replicaSet, own, now);
    if (wait !== undefined) this.controller.enqueueAfter(objectKey(replicaSet), wait);
    if (semanticEqual(status, replicaSet.status)) return;
    const { name = '', namespace, uid } = replicaSet.metadata ?? {};
    try {
      await this.client.modify(name, namespace, (copy) => {
        if (copy.metadata?.uid !== uid || semanticEqual(copy.status, status)) return undefined;
        return { ...copy, status };
      }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
