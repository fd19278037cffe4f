/**
 * The kubelet's core: joins desired state, engine, probes and time, and wakes the worker of a pod whenever one of them says
 * something about it. Hints may be lost: every relist finds what they missed.
 */
import type { Pod, PodStatus } from '../../api/core.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { BoardFacts } from '../board-facts.ts';
import type { ContainerRuntime, RuntimePod } from '../container-runtime/container-runtime.ts';
import { ImageManager } from '../images/image-manager.ts';
import type { StatusSink } from '../link/status-sink.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { LifecycleRunner, ProberManager } from '../prober/prober-manager.ts';
import { StatusManager } from '../status/status-manager.ts';
import { TerminationMessages } from '../status/termination-messages.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';
import { ContainerBackOff } from './container-back-off.ts';
import { ContainerKiller } from './container-killer.ts';
import { ContainerStarter } from './container-starter.ts';
import type { DesiredState } from './desired-state.ts';
import { PodExecutor } from './pod-executor.ts';
import { PodObserver } from './pod-observer.ts';
import { PodSynchronizer } from './pod-synchronizer.ts';
import { PodTerminator } from './pod-terminator.ts';
import { PodWorkers } from './pod-workers.ts';

export interface PodManagerOptions {
  runtime: ContainerRuntime;
  state: DesiredState;
  sink: StatusSink;
  volumes: VolumeManager;
  network: PodNetwork;
  prober: ProberManager;
  lifecycle: LifecycleRunner;
  facts: BoardFacts;
  readResolvConf: () => Promise<string>;
  clock: Clock;
  logger: Logger;
}

const relistMs = 30_000;
/** After a failed list, sooner. */
const relistRetryMs = 2_000;
const parallelPulls = 2;
/** A pod that nobody wants and nothing is known of any more. */
const orphanGraceSeconds = 2;

export class PodManager {
  private readonly options: PodManagerOptions;
  private readonly workers: PodWorkers;
  private readonly images: ImageManager;
  private readonly statuses: StatusManager;
  private readonly stopping = new AbortController();
  /** What the last list said of each pod, to see what changed since. */
  private seen = new Map<string, string>();
  private timer: Timer | undefined;
  private relisting: Promise<void> | undefined;

  constructor(options: PodManagerOptions) {
    this.options = options;
    const { runtime, sink, clock, logger, state, lifecycle, volumes, facts, prober } = options;
    const images = new ImageManager({ runtime, clock, sink, parallelPulls });
    const backOff = new ContainerBackOff();
    const statuses = new StatusManager(sink);
    const killer = new ContainerKiller({ runtime, lifecycle, clock, sink });
    const starter = new ContainerStarter({ runtime, images, volumes, lifecycle, state, sink, facts });
    const observer = new PodObserver({ runtime, prober, statuses, messages: new TerminationMessages(runtime), facts, clock });
    const executor = new PodExecutor({ ...options, starter, killer, backOff });
    const terminator = new PodTerminator({ runtime, killer, observer, statuses, volumes, facts });
    const synchronizer = new PodSynchronizer({ observer, executor, terminator, prober, statuses, volumes, backOff, sink, clock });
    this.images = images;
    this.statuses = statuses;
    this.workers = new PodWorkers({
      state, clock, logger,
      sync: (pod, memory, signal) => synchronizer.sync(pod, memory, signal),
      terminate: (pod, memory, grace) => terminator.terminate(pod, memory, grace),
      forget: (uid) => {
        images.forget(uid);
        backOff.forget(`${uid}/`);
        statuses.forget(uid);
        synchronizer.forget(uid);
      },
    });
  }

  start(): void {
    const { state, runtime, prober } = this.options;
    state.onChange((uids) => {
      for (const uid of uids) this.workers.wake(uid);
    });
    runtime.onChange((uid) => this.workers.wake(uid), this.stopping.signal);
    prober.onChange((uid) => this.workers.wake(uid));
    prober.onUnhealthy((uid, containerId, _kind, message) => this.workers.markUnhealthy(uid, containerId, message));
    for (const pod of state.pods()) this.workers.wake(pod.metadata?.uid ?? '');
    this.relistSoon(0);
  }

  /** The status last made for a pod; undefined before the first. */
  podStatus(podUid: string): PodStatus | undefined {
    return this.statuses.latest(podUid);
  }

  /** Leaves the pods running. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the agent is stopping'));
    this.timer?.cancel();
    this.images.stop();
    await this.workers.stop();
    await this.relisting;
  }

  private relistSoon(delayMs: number): void {
    if (this.stopping.signal.aborted) return;
    this.timer = this.options.clock.after(delayMs, () => {
      this.relisting = this.relist().then(
        () => this.relistSoon(this.options.state.ready ? relistMs : relistRetryMs),
        (error: unknown) => {
          this.options.logger.warn('cannot list the containers', { error });
          this.relistSoon(relistRetryMs);
        },
      );
    });
  }

  /** Wakes pods that changed behind our back, and what the board has of pods that nobody wants. */
  private async relist(): Promise<void> {
    const { runtime, state, volumes } = this.options;
    const pods = await runtime.listPods();
    const before = this.seen;
    this.seen = new Map(pods.map((pod) => [pod.uid, signature(pod)]));
    if (!state.ready) return;
    for (const pod of pods) {
      if (before.get(pod.uid) !== this.seen.get(pod.uid) || !state.pod(pod.uid)) this.workers.wake(pod.uid, orphan(pod));
    }
    for (const uid of before.keys()) if (!this.seen.has(uid)) this.workers.wake(uid);
    for (const uid of this.workers.uids()) if (!state.pod(uid)) this.workers.wake(uid);
    const known = new Set(this.workers.uids());
    for (const uid of await volumes.podsWithVolumes()) if (!known.has(uid) && !state.pod(uid)) await volumes.tearDown(uid);
  }
}

function signature(pod: RuntimePod): string {
  return [...pod.sandboxes, ...pod.containers].map((entry) => `${entry.id} ${entry.phase}`).sort().join('\n');
}

/** As much of a pod as its labels tell: enough to end it. */
function orphan({ uid, namespace, name }: RuntimePod): Pod {
  return { metadata: { uid, namespace, name, deletionGracePeriodSeconds: orphanGraceSeconds }, spec: { containers: [] } };
}
