/** Removes pods that nobody else will: too many finished ones, pods of nodes that are gone, pods deleted before they had a node. */
import type { Node, Pod } from '../../../api/core.ts';
import { isConflict, isNotFound } from '../../../api/errors.ts';
import { nodes, pods } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';
import { markDisrupted } from '../pod-disruption.ts';
import { isPodTerminal, isPodTerminating } from '../pod-readiness.ts';
import { nodeIndex } from '../shared-informers.ts';
import { surplusFinishedPods, unscheduledTerminatingPods } from './plan-pod-gc.ts';

export interface PodGcOptions {
  /** Finished pods that are kept. Default 1000: Kubernetes' 12500 would fill a small board's memory. */
  terminatedPodThreshold?: number;
  /** How long a node must be gone before its pods go, milliseconds. Default 40 s. */
  quarantineMs?: number;
}

const finishedKey = 'finished';
const unscheduledKey = 'unscheduled';
const nodePrefix = 'node/';

export class PodGcController implements RunnableController {
  private readonly podClient: ResourceClient<Pod>;
  private readonly nodeClient: ResourceClient<Node>;
  private readonly podInformer: Informer<Pod>;
  private readonly nodeInformer: Informer<Node>;
  private readonly clock: Clock;
  private readonly threshold: number;
  private readonly quarantineMs: number;
  private readonly controller: Controller;
  /** Node → when it was first missed, monotonic milliseconds. Only for nodes that pods still name. */
  private readonly missing = new Map<string, number>();

  constructor({ client, informers, clock, logger, random }: ControllerContext, options: PodGcOptions = {}) {
    this.podClient = client.resource(pods);
    this.nodeClient = client.resource(nodes);
    this.podInformer = informers.of(pods);
    this.nodeInformer = informers.of(nodes);
    this.clock = clock;
    this.threshold = options.terminatedPodThreshold ?? 1000;
    this.quarantineMs = options.quarantineMs ?? 40_000;
    this.controller = new Controller({ name: 'pod-gc', workers: 1, reconcile: (key) => this.reconcile(key), clock, logger, random });
    this.podInformer.addHandler({ added: (pod) => this.look(pod), updated: (_previous, pod) => this.look(pod), deleted: () => {} });
    const lookAtNode = (node: Node) => this.controller.enqueue(nodePrefix + (node.metadata?.name ?? ''));
    this.nodeInformer.addHandler({ added: lookAtNode, updated: () => {}, deleted: lookAtNode });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private look(pod: Pod): void {
    if (isPodTerminal(pod)) this.controller.enqueue(finishedKey);
    const node = pod.spec?.nodeName;
    if (!node && isPodTerminating(pod)) this.controller.enqueue(unscheduledKey);
    if (node && !this.nodeInformer.get(node)) this.controller.enqueue(nodePrefix + node);
  }

  private async reconcile(key: string): Promise<void> {
    if (key === finishedKey) await this.deleteAll(surplusFinishedPods(this.podInformer.list(), this.threshold));
    else if (key === unscheduledKey) await this.deleteAll(unscheduledTerminatingPods(this.podInformer.byIndex(nodeIndex, '')));
    else await this.checkNode(key.slice(nodePrefix.length));
  }

  private async checkNode(name: string): Promise<void> {
    const stranded = this.podInformer.byIndex(nodeIndex, name);
    if (stranded.length === 0 || this.nodeInformer.get(name)) {
      this.missing.delete(name);
      return;
    }
    const since = this.missing.get(name) ?? this.clock.monotonic();
    this.missing.set(name, since);
    const remaining = since + this.quarantineMs - this.clock.monotonic();
    if (remaining > 0) {
      this.controller.enqueueAfter(nodePrefix + name, remaining);
      return;
    }
    // Asked live: pods are about to be given up for lost.
    if (await this.nodeExists(name)) return;
    const message = 'PodGC: node no longer exists';
    for (const pod of stranded) {
      if (await markDisrupted(this.podClient, pod, { reason: 'DeletionByPodGC', message, now: this.clock.now(), fail: true })) await this.deletePod(pod);
    }
    this.missing.delete(name);
  }

  private async nodeExists(name: string): Promise<boolean> {
    try {
      await this.nodeClient.get(name);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  private async deleteAll(doomed: readonly Pod[]): Promise<void> {
    for (const pod of doomed) await this.deletePod(pod);
  }

  private async deletePod(pod: Pod): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    try {
      await this.podClient.delete(name, namespace, { gracePeriodSeconds: 0, ...(uid ? { preconditions: { uid } } : {}) });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
