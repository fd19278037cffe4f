/** Brings a pod that should run a step nearer to its spec: look, plan, report, execute, until nothing is left to do. */
import { Backoff } from '../../machinery/backoff.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Pod } from '../../api/core.ts';
import type { RuntimePod } from '../container-runtime/container-runtime.ts';
import { eventReasons, reportPodEvent } from '../events.ts';
import type { StatusSink } from '../link/status-sink.ts';
import type { ProberManager } from '../prober/prober-manager.ts';
import type { StatusManager } from '../status/status-manager.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';
import type { ContainerBackOff } from './container-back-off.ts';
import { GracePeriod } from './grace-period.ts';
import { computePodActions, runningSandbox, type PodPlan } from './pod-actions.ts';
import { backOffKey, type PodExecutor } from './pod-executor.ts';
import type { PodMemory } from './pod-memory.ts';
import type { PodObserver } from './pod-observer.ts';
import { formatPod, isTerminalPhase } from './pod-spec.ts';
import type { PodTerminator } from './pod-terminator.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface PodSynchronizerOptions {
  observer: PodObserver;
  executor: PodExecutor;
  terminator: PodTerminator;
  prober: Pick<ProberManager, 'state'>;
  statuses: StatusManager;
  volumes: VolumeManager;
  backOff: ContainerBackOff;
  sink: Pick<StatusSink, 'event'>;
  clock: Clock;
}

/** A pod settles in a few rounds: sandbox and containers, one per init container. More than this and others get a turn. */
const maximumRounds = 20;
const retryInitialMs = 1_000;
const retryMaximumMs = 30_000;

export class PodSynchronizer {
  private readonly options: PodSynchronizerOptions;
  private readonly retries = new Backoff({ initialMs: retryInitialMs, maximumMs: retryMaximumMs });

  constructor(options: PodSynchronizerOptions) {
    this.options = options;
  }

  /** @returns when to look again (milliseconds since the epoch) if nothing happens before; undefined for never. */
  async sync(pod: Pod, memory: PodMemory, signal: AbortSignal): Promise<number | undefined> {
    const { observer, executor, clock } = this.options;
    let runtimePod = await observer.look(pod);
    for (let round = 0; round < maximumRounds; round++) {
      if (this.isOver(pod, memory)) return this.end(pod, runtimePod, memory, signal);
      const plan = this.plan(pod, runtimePod, memory);
      this.tellBackOffs(pod, memory, plan);
      const settled = plan.stages.length === 0;
      // While the last containers of a pod are being stopped it has not ended yet.
      if (settled || !plan.finished) observer.report(pod, runtimePod, { memory, backingOff: plan.backingOff, ended: plan.finished });
      if (settled) {
        await this.settle(pod, runtimePod, memory, plan.finished);
        return this.nextLook(pod, plan);
      }
      const result = await executor.execute(pod, runtimePod, plan, signal);
      signal.throwIfAborted();
      memory.failures = result.failures;
      runtimePod = await observer.look(pod);
      if (result.failed) {
        observer.report(pod, runtimePod, { memory, backingOff: plan.backingOff, ended: false });
        return result.retryAt ?? clock.now() + this.retries.next(pod.metadata?.uid ?? '');
      }
    }
    return clock.now();
  }

  forget(podUid: string): void {
    this.retries.reset(podUid);
  }

  private plan(pod: Pod, runtimePod: RuntimePod, memory: PodMemory): PodPlan {
    const { prober, backOff, clock } = this.options;
    const now = clock.now();
    return computePodActions({
      pod, runtimePod,
      probeState: (id) => prober.state(id),
      unhealthy: memory.unhealthy,
      backOff: (container, finishedAt) => backOff.waiting(backOffKey(pod, container), finishedAt, now),
    });
  }

  /** Succeeded and Failed are for good, also when the control plane says so; a deadline is checked here. */
  private isOver(pod: Pod, memory: PodMemory): boolean {
    if (memory.ended || isTerminalPhase(this.options.statuses.previous(pod)?.phase)) return true;
    const deadline = this.deadline(pod);
    if (deadline === undefined || this.options.clock.now() < deadline) return false;
    memory.ended = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
    reportPodEvent(this.options.sink, { pod, type: 'Normal', reason: eventReasons.deadlineExceeded, message: memory.ended.message });
    return true;
  }

  private deadline(pod: Pod): number | undefined {
    const seconds = pod.spec?.activeDeadlineSeconds;
    const started = this.options.statuses.previous(pod)?.startTime;
    return seconds === undefined || started === undefined ? undefined : Date.parse(started) + seconds * 1000;
  }

  /** Stops what still runs of a pod that is over. Its containers stay, for their logs. */
  private async end(pod: Pod, runtimePod: RuntimePod, memory: PodMemory, signal: AbortSignal): Promise<undefined> {
    const grace = new GracePeriod(pod.spec?.terminationGracePeriodSeconds ?? 30);
    const stopped = await unlessAborted(this.options.terminator.stop(pod, runtimePod, grace), signal);
    if (!isTerminalPhase(pod.status?.phase)) this.options.observer.report(pod, stopped, { memory, backingOff: new Map(), ended: true });
    await this.removeVolumes(pod, memory);
    return undefined;
  }

  private async settle(pod: Pod, runtimePod: RuntimePod, memory: PodMemory, finished: boolean): Promise<void> {
    this.retries.reset(pod.metadata?.uid ?? '');
    if (finished) await this.removeVolumes(pod, memory);
    else if (runningSandbox(runtimePod)) await this.options.volumes.refresh(pod);
    const alive = new Set(runtimePod.containers.filter((container) => container.phase === 'running').map((container) => container.id));
    for (const id of memory.unhealthy.keys()) if (!alive.has(id)) memory.unhealthy.delete(id);
  }

  private async removeVolumes(pod: Pod, memory: PodMemory): Promise<void> {
    if (memory.volumesRemoved) return;
    await this.options.volumes.tearDown(pod.metadata?.uid ?? '');
    memory.volumesRemoved = true;
  }

  private tellBackOffs(pod: Pod, memory: PodMemory, plan: PodPlan): void {
    for (const [name, wait] of plan.backingOff) {
      if (memory.toldBackOffs.get(name) === wait.until) continue;
      memory.toldBackOffs.set(name, wait.until);
      const kind = (pod.spec?.initContainers ?? []).some((container) => container.name === name) ? 'init' as const : 'container' as const;
      reportPodEvent(this.options.sink, {
        pod, container: { kind, name }, type: 'Warning', reason: eventReasons.backOff,
        message: `Back-off restarting failed container ${name} in pod ${formatPod(pod)}`,
      });
    }
  }

  private nextLook(pod: Pod, plan: PodPlan): number | undefined {
    const times = [...plan.backingOff.values()].map((wait) => wait.until);
    const deadline = this.deadline(pod);
    if (deadline !== undefined) times.push(deadline);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
