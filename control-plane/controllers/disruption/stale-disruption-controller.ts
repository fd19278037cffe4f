/**
 * Takes back the announcement that a pod will be disrupted when nobody has deleted it in time. Follows
 * k8s.io/kubernetes/pkg/controller/disruption.
 */
import type { Pod, PodCondition } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { objectKey, splitKey } from '../../../api/meta.ts';
import { pods } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { timestamp, type Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';
import { isPodTerminal, isPodTerminating, podCondition } from '../pod-readiness.ts';

const staleAfterMs = 2 * 60 * 1000;
const disruptionTarget = 'DisruptionTarget';

export class StaleDisruptionController implements RunnableController {
  private readonly client: ResourceClient<Pod>;
  private readonly informer: Informer<Pod>;
  private readonly clock: Clock;
  private readonly controller: Controller;

  constructor({ client, informers, clock, logger, random }: ControllerContext) {
    this.client = client.resource(pods);
    this.informer = informers.of(pods);
    this.clock = clock;
    this.controller = new Controller({ name: 'stale-disruption', workers: 1, reconcile: (key) => this.reconcile(key), clock, logger, random });
    const look = (pod: Pod): void => {
      if (millisecondsUntilStale(pod, clock.now()) !== undefined) this.controller.enqueue(objectKey(pod));
    };
    this.informer.addHandler({ added: look, updated: (_previous, pod) => look(pod), deleted: () => {} });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(key: string): Promise<void> {
    const pod = this.informer.get(key);
    const wait = pod && millisecondsUntilStale(pod, this.clock.now());
    if (wait === undefined) return;
    if (wait > 0) this.controller.enqueueAfter(key, wait);
    else await this.takeBack(key);
  }

  private async takeBack(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const now = this.clock.now();
    const condition: PodCondition = { type: disruptionTarget, status: 'False', lastTransitionTime: timestamp(now) };
    try {
      await this.client.modify(name, namespace, (copy) => (millisecondsUntilStale(copy, now) === 0
        ? { ...copy, status: { ...copy.status, conditions: (copy.status?.conditions ?? []).map((other) => (other.type === disruptionTarget ? condition : other)) } }
        : undefined), 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/**
 * 0 when the announcement is stale, undefined when it never gets so: there is none, the pod ends or has ended, or its board
 * announced it, which may take any time.
 */
function millisecondsUntilStale(pod: Pod, now: number): number | undefined {
  const condition = podCondition(pod, disruptionTarget);
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet' || isPodTerminating(pod) || isPodTerminal(pod)) return undefined;
  return Math.max(0, Date.parse(condition.lastTransitionTime ?? '') + staleAfterMs - now || 0);
}
