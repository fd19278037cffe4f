/**
 * Watches over the heartbeats of nodes: a silent one turns Unknown, is tainted, its pods count as not ready and are driven
 * out when their tolerations end.
 *
 * Time is this process's own: a board's clock may be wrong after a cold boot, so what counts is when a heartbeat was seen
 * to change here, never what it says. After a restart every node gets the full grace period anew.
 */
import type { Lease } from '../../../api/coordination.ts';
import type { Node, Pod } from '../../../api/core.ts';
import { isConflict, isNotFound } from '../../../api/errors.ts';
import { leases, nodes, pods } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { timestamp } from '../../../machinery/clock.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, EventSink, RunnableController } from '../controller-context.ts';
import { markDisrupted } from '../pod-disruption.ts';
import { isPodReady, isPodTerminating } from '../pod-readiness.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { nodeIndex } from '../shared-informers.ts';
import { judgeSilence, nodeCondition, nodeReadiness, silentNodeConditions, wantedTaints } from './node-health.ts';
import type { Readiness } from './node-health.ts';
import { evictionTime } from './taint-eviction.ts';

const leaseNamespace = 'kube-node-lease';

export interface NodeLifecycleOptions {
  /** How long a node may be silent, milliseconds. Default 40 s. */
  gracePeriodMs?: number;
  /** The same for a node that has never spoken. Default 60 s. */
  startupGracePeriodMs?: number;
}

interface Observation {
  /** Monotonic milliseconds. */
  heartbeatAt: number;
  readiness: Readiness | undefined;
}

export class NodeLifecycleController implements RunnableController {
  private readonly client: ResourceClient<Node>;
  private readonly podClient: ResourceClient<Pod>;
  private readonly informer: Informer<Node>;
  private readonly podInformer: Informer<Pod>;
  private readonly clock: Clock;
  private readonly recorder: EventSink;
  private readonly gracePeriodMs: number;
  private readonly startupGracePeriodMs: number;
  private readonly controller: Controller;
  /** One for each node that exists. */
  private readonly observations = new Map<string, Observation>();
  private fullDisruption: boolean | undefined;

  constructor(context: ControllerContext, options: NodeLifecycleOptions = {}) {
    const { client, informers, clock, logger, random } = context;
    this.client = client.resource(nodes);
    this.podClient = client.resource(pods);
    this.informer = informers.of(nodes);
    this.podInformer = informers.of(pods);
    this.clock = clock;
    this.recorder = context.recorder('node-controller');
    this.gracePeriodMs = options.gracePeriodMs ?? 40_000;
    this.startupGracePeriodMs = options.startupGracePeriodMs ?? 60_000;
    this.controller = new Controller({ name: 'node-lifecycle', workers: 2, reconcile: (key) => this.reconcile(key), clock, logger, random });
    this.watchNodes();
    this.watchHeartbeats(informers.of(leases));
    const enqueueNode = (pod: Pod) => {
      const name = pod.spec?.nodeName;
      if (name && !isEasy(this.informer.get(name))) this.controller.enqueue(name);
    };
    this.podInformer.addHandler({ added: enqueueNode, updated: (_previous, pod) => enqueueNode(pod), deleted: () => {} });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private watchNodes(): void {
    this.informer.addHandler({
      added: (node) => {
        const name = node.metadata?.name ?? '';
        this.observations.set(name, { heartbeatAt: this.clock.monotonic(), readiness: undefined });
        this.recorder.event(node, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
        this.controller.enqueue(name);
      },
      updated: (previous, node) => {
        const name = node.metadata?.name ?? '';
        if (!semanticEqual(heartbeats(previous), heartbeats(node))) this.heardFrom(name);
        this.controller.enqueue(name);
      },
      deleted: (node) => {
        const name = node.metadata?.name ?? '';
        this.observations.delete(name);
        this.recorder.event(node, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
        this.controller.enqueue(name);
      },
    });
  }

  /** A heartbeat is remembered and nothing else: a thousand boards renew a hundred leases a second. */
  private watchHeartbeats(informer: Informer<Lease>): void {
    const heard = (lease: Lease) => {
      if (lease.metadata?.namespace === leaseNamespace) this.heardFrom(lease.metadata.name ?? '');
    };
    informer.addHandler({
      added: heard,
      updated: (previous, lease) => {
        if (previous.spec?.renewTime !== lease.spec?.renewTime) heard(lease);
      },
      deleted: () => {},
    });
  }

  private heardFrom(name: string): void {
    const observation = this.observations.get(name);
    if (observation) observation.heartbeatAt = this.clock.monotonic();
  }

  private async reconcile(name: string): Promise<void> {
    this.noteDisruption();
    const node = this.informer.get(name);
    const observation = this.observations.get(name);
    if (!node || !observation || node.metadata?.deletionTimestamp) return;
    try {
      const healthy = await this.checkSilence(node, observation);
      const tainted = await this.syncTaints(healthy);
      await this.noteReadiness(tainted, observation);
      await this.evictPods(tainted);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** When the last ready node goes, or the first comes back, every node's NoExecute taints change. */
  private noteDisruption(): void {
    const all = this.informer.list();
    const disrupted = all.length > 0 && all.every((node) => nodeReadiness(node) !== 'True');
    if (this.fullDisruption !== undefined && this.fullDisruption !== disrupted) {
      for (const node of all) this.controller.enqueue(node.metadata?.name ?? '');
    }
    this.fullDisruption = disrupted;
  }

  private async checkSilence(node: Node, observation: Observation): Promise<Node> {
    const name = node.metadata?.name ?? '';
    const grace = nodeCondition(node, 'Ready') ? this.gracePeriodMs : this.startupGracePeriodMs;
    if (nodeCondition(node, 'Ready')?.status === 'Unknown' && !silentNodeConditions(node, this.clock.now())) return node;
    const verdict = judgeSilence(observation.heartbeatAt, grace, this.clock.monotonic());
    observation.heartbeatAt = verdict.heartbeatAt;
    if (verdict.wait !== undefined) this.controller.enqueueAfter(name, verdict.wait);
    if (!verdict.silent) return node;
    const stored = await this.client.modify(name, undefined, (copy) => {
      const conditions = silentNodeConditions(copy, this.clock.now());
      return conditions && { ...copy, status: { ...copy.status, conditions } };
    }, 'status');
    this.noteDisruption();
    return stored;
  }

  private async syncTaints(node: Node): Promise<Node> {
    const options = { now: this.clock.now(), fullDisruption: this.fullDisruption === true };
    if (semanticEqual(wantedTaints(node, options), node.spec?.taints)) return node;
    return this.client.modify(node.metadata?.name ?? '', undefined, (copy) => {
      const taints = wantedTaints(copy, options);
      return semanticEqual(taints, copy.spec?.taints) ? undefined : { ...copy, spec: { ...copy.spec, taints } };
    });
  }

  /** Pods of a silent node are never ready; those of a node that says it is not ready are told once, their agent may know better. */
  private async noteReadiness(node: Node, observation: Observation): Promise<void> {
    const readiness = nodeReadiness(node);
    const before = observation.readiness;
    observation.readiness = readiness;
    if (readiness === 'True' || !nodeCondition(node, 'Ready')) return;
    const turned = before === 'True';
    const name = node.metadata?.name ?? '';
    if (turned) this.recorder.event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    if (!turned && readiness === 'False') return;
    for (const pod of this.podInformer.byIndex(nodeIndex, name).filter(isPodReady)) await this.markPodNotReady(pod);
  }

  private async markPodNotReady(pod: Pod): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    this.recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    await ignoringGone(() => this.podClient.modify(name, namespace, (copy) => {
      if (copy.metadata?.uid !== uid || !isPodReady(copy)) return undefined;
      const conditions = (copy.status?.conditions ?? []).map((condition) => (condition.type === 'Ready'
        ? { ...condition, status: 'False', lastTransitionTime: timestamp(this.clock.now()) } : condition));
      return { ...copy, status: { ...copy.status, conditions } };
    }, 'status'));
  }

  private async evictPods(node: Node): Promise<void> {
    const name = node.metadata?.name ?? '';
    const now = this.clock.now();
    for (const pod of this.podInformer.byIndex(nodeIndex, name)) {
      if (isPodTerminating(pod)) continue;
      const time = evictionTime(pod, node, now);
      if (time <= now) await this.evict(pod, now);
      else if (time !== Infinity) this.controller.enqueueAfter(name, time - now);
    }
  }

  private async evict(pod: Pod, now: number): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    this.recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
    const message = 'Taint manager: deleting due to NoExecute taint';
    if (!await markDisrupted(this.podClient, pod, { reason: 'DeletionByTaintManager', message, now, fail: false })) return;
    await ignoringGone(() => this.podClient.delete(name, namespace, { ...(uid ? { preconditions: { uid } } : {}) }));
  }
}

/** A node on which no pod needs a look: it is ready and has no NoExecute taint. */
function isEasy(node: Node | undefined): boolean {
  return node !== undefined && nodeReadiness(node) === 'True' && !(node.spec?.taints ?? []).some(({ effect }) => effect === 'NoExecute');
}

function heartbeats(node: Node): unknown[] {
  return (node.status?.conditions ?? []).map(({ lastHeartbeatTime }) => lastHeartbeatTime);
}

async function ignoringGone(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
