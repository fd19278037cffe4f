import type { Namespace, Node, Pod } from '../../api/core.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import { objectKey } from '../../api/meta.ts';
import { namespaces, nodes, pods } from '../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../machinery/client.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Informer } from '../../machinery/informer.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { EventSink } from '../controllers/controller-context.ts';
import type { SharedInformers } from '../controllers/shared-informers.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { SchedulerCache } from './cache/scheduler-cache.ts';
import { FitError } from './framework/fit-error.ts';
import type { ClusterView } from './framework/interface.ts';
import { SchedulingRuntime, type Profile } from './framework/runtime.ts';
import { withPodScheduled } from './pod-scheduled-condition.ts';
import { defaultProfile } from './plugins/registry.ts';
import { SchedulingQueue } from './scheduling-queue.ts';

export const schedulerName = 'default-scheduler';

export interface SchedulerOptions {
  client: ApiClient;
  informers: SharedInformers;
  recorder: EventSink;
  clock: Clock;
  logger: Logger;
  random: () => number;
  profile?: Profile;
}

/**
 * Gives pods their nodes.
 *
 * INVARIANTS
 * - One pod at a time is decided, synchronously, against the cache; the decision counts in the cache at once (assumed) and
 *   is written meanwhile. So no two decisions use the same room.
 * - A pod is bound only by the API server, which refuses a second binding.
 *
 * Make it before the informers are started, start it when they have synced.
 */
export class Scheduler {
  private readonly options: SchedulerOptions;
  private readonly podClient: ResourceClient<Pod>;
  private readonly namespaces: Informer<Namespace>;
  private readonly cache = new SchedulerCache();
  private readonly queue: SchedulingQueue;
  private readonly runtime: SchedulingRuntime;
  private readonly writing = new Set<Promise<void>>();
  private running = false;
  private scheduled: NodeJS.Immediate | undefined;

  constructor(options: SchedulerOptions) {
    this.options = options;
    const { client, clock, informers, profile = defaultProfile, random } = options;
    this.podClient = client.resource(pods);
    this.queue = new SchedulingQueue({ clock, onReady: () => this.wake() });
    this.runtime = new SchedulingRuntime({ profile, random });
    this.namespaces = informers.of(namespaces);
    informers.of(nodes).addHandler({
      added: (node) => this.nodeChanged(undefined, node),
      updated: (previous, node) => this.nodeChanged(previous, node),
      deleted: ({ metadata }) => this.cache.removeNode(metadata?.name ?? ''),
    });
    informers.of(pods).addHandler({
      added: (pod) => this.podChanged(undefined, pod),
      updated: (previous, pod) => this.podChanged(previous, pod),
      deleted: (pod) => this.podGone(pod),
    });
  }

  start(): void {
    this.running = true;
    this.wake();
  }

  /** Resolves when the decisions taken are written. */
  async stop(): Promise<void> {
    this.running = false;
    clearImmediate(this.scheduled);
    this.queue.stop();
    await Promise.all(this.writing);
  }

  private wake(): void {
    if (!this.running || this.scheduled) return;
    this.scheduled = setImmediate(() => {
      this.scheduled = undefined;
      this.scheduleOne();
    });
  }

  /** One pod per turn of the event loop: requests are served in between. */
  private scheduleOne(): void {
    const pod = this.queue.next();
    if (!pod) return;
    this.wake();
    const result = this.runtime.schedule(pod, this.view());
    if (result instanceof FitError) this.track(this.fitsNowhere(pod, result));
    else {
      this.cache.assume(pod, result.name);
      this.track(this.bind(pod, result.name));
    }
  }

  private view(): ClusterView {
    return {
      nodes: this.cache.nodes(),
      namespaceLabels: (name) => this.namespaces.get(name)?.metadata?.labels,
    };
  }

  private async bind(pod: Pod, node: string): Promise<void> {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    try {
      await this.options.client.bind(namespace, name, uid, node);
      this.queue.remove(pod);
      this.options.recorder.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${objectKey(pod)} to ${node}`);
    } catch (error) {
      this.cache.forget(pod);
      this.queue.happened('podRemoved');
      if (isNotFound(error)) this.queue.remove(pod);
      else this.queue.failed(pod);
      // Deleted or bound by someone else in the meantime: the informer tells.
      const level = isNotFound(error) || isConflict(error) ? 'debug' : 'error';
      this.options.logger[level]('Pod could not be bound', { pod: objectKey(pod), node, error });
    }
  }

  private async fitsNowhere(pod: Pod, failure: FitError): Promise<void> {
    const { message } = failure;
    this.queue.unschedulable(pod, failure.events);
    this.options.recorder.event(pod, 'Warning', 'FailedScheduling', message);
    await this.writeCondition(pod, { reason: 'Unschedulable', message });
  }

  private async writeCondition(pod: Pod, condition: { reason: string; message: string }): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    try {
      await this.podClient.modify(name, namespace, (current) => (current.metadata?.uid === uid && !current.spec?.nodeName
        ? withPodScheduled(current, condition, this.options.clock.now())
        : undefined), 'status');
    } catch (error) {
      if (!isNotFound(error)) this.options.logger.warn('PodScheduled condition could not be written', { pod: objectKey(pod), error });
    }
  }

  private track(work: Promise<void>): void {
    this.writing.add(work);
    void work.finally(() => this.writing.delete(work));
  }

  private nodeChanged(previous: Node | undefined, node: Node): void {
    this.cache.setNode(node);
    if (!previous) this.queue.happened('nodeAdded');
    else if (!sameForScheduling(previous, node)) this.queue.happened('nodeChanged');
  }

  private podChanged(previous: Pod | undefined, pod: Pod): void {
    if (previous && previous.metadata?.uid !== pod.metadata?.uid) this.podGone(previous);
    if (isOver(pod)) return this.podGone(pod);
    if (pod.spec?.nodeName) return this.podBound(previous, pod);
    if (!isOurs(pod) || pod.metadata?.deletionTimestamp) return this.queue.remove(pod);
    if (isGated(pod)) {
      this.queue.remove(pod);
      return this.track(this.writeCondition(pod, { reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' }));
    }
    // It counts where it is assumed to be until its binding is written or has failed.
    if (this.cache.isAssumed(pod)) return;
    if (previous && !sameSpecAndLabels(previous, pod)) this.queue.changed(pod);
    else this.queue.add(pod);
  }

  private podBound(previous: Pod | undefined, pod: Pod): void {
    this.queue.remove(pod);
    this.cache.setPod(pod);
    if (!previous?.spec?.nodeName || !deepEqual(previous.metadata?.labels, pod.metadata?.labels)) this.queue.happened('podAdded');
  }

  private podGone(pod: Pod): void {
    this.queue.remove(pod);
    this.cache.removePod(pod);
    if (pod.spec?.nodeName) this.queue.happened('podRemoved');
  }
}

function isOurs({ spec }: Pod): boolean {
  return (spec?.schedulerName ?? schedulerName) === schedulerName;
}

/** A field newer than the types. */
function isGated({ spec }: Pod): boolean {
  return ((spec as { schedulingGates?: unknown[] } | undefined)?.schedulingGates?.length ?? 0) > 0;
}

function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function sameSpecAndLabels(left: Pod, right: Pod): boolean {
  return deepEqual(left.spec, right.spec) && deepEqual(left.metadata?.labels, right.metadata?.labels);
}

function sameForScheduling(left: Node, right: Node): boolean {
  return deepEqual(left.spec, right.spec)
    && deepEqual(left.metadata?.labels, right.metadata?.labels)
    && deepEqual(left.status?.allocatable, right.status?.allocatable);
}
