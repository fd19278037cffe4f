/**
 * One worker per pod uid. Whatever happens to a pod (a new desired state, an event of the engine, a probe, a timer) only
 * wakes its worker; the worker looks for itself.
 *
 *   (first wake) ──► syncing ──────► terminating ──────► terminated ──► (forgotten)
 *                      desired: deleted or gone   all is gone    desired: gone
 *
 * INVARIANTS
 * - For one uid at most one sync or termination runs at a time; different pods do not wait for each other.
 * - Wakes while one runs fold into one more run afterwards: the latest desired state wins, none is lost.
 * - A termination is never undone: no sync follows it. Its grace period can only become shorter.
 * - A sync that runs when the termination is asked for is aborted and waited for.
 * - No worker terminates a pod because it is missing from the desired state before that is ready.
 */
import type { Pod } from '../../api/core.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import { Backoff } from '../../machinery/backoff.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { DesiredState } from './desired-state.ts';
import { GracePeriod } from './grace-period.ts';
import { newPodMemory, type PodMemory } from './pod-memory.ts';
import { graceSeconds } from './pod-spec.ts';

export type WorkerState =
  /** The pod should run, or has ended by itself and waits for its deletion. */
  | 'syncing'
  /** It is being stopped and removed. */
  | 'terminating'
  /** Nothing of it is left on the board. */
  | 'terminated';

export interface PodWorkersOptions {
  state: Pick<DesiredState, 'ready' | 'pod'>;
  /** Brings a pod nearer to its spec. @returns when to look again at the latest. */
  sync: (pod: Pod, memory: PodMemory, signal: AbortSignal) => Promise<number | undefined>;
  terminate: (pod: Pod, memory: PodMemory, grace: GracePeriod) => Promise<void>;
  /** The pod is gone from board and desired state. */
  forget: (podUid: string) => void;
  clock: Clock;
  logger: Logger;
}

interface Worker {
  uid: string;
  state: WorkerState;
  /** The last pod seen: it may be gone from the desired state while it still runs. */
  pod: Pod;
  memory: PodMemory;
  /** A run is wanted. */
  dirty: boolean;
  running: Promise<void> | undefined;
  timer: Timer | undefined;
  /** Aborts the sync that runs. */
  syncAbort: AbortController | undefined;
  grace: GracePeriod;
}

const retryInitialMs = 1_000;
const retryMaximumMs = 60_000;

export class PodWorkers {
  private readonly options: PodWorkersOptions;
  private readonly workers = new Map<string, Worker>();
  private readonly retries = new Backoff({ initialMs: retryInitialMs, maximumMs: retryMaximumMs });
  private stopped = false;

  constructor(options: PodWorkersOptions) {
    this.options = options;
  }

  /**
   * Looks at a pod soon.
   * @param orphan what is known of a pod that the engine has and the desired state may not.
   */
  wake(uid: string, orphan?: Pod): void {
    if (this.stopped) return;
    const desired = this.options.state.pod(uid);
    const worker = this.workers.get(uid) ?? this.create(uid, desired ?? orphan);
    if (!worker) return;
    if (desired) worker.pod = desired;
    if (worker.state === 'terminated') {
      if (!desired) this.forget(worker);
      return;
    }
    const gone = !desired && this.options.state.ready;
    if (gone || worker.pod.metadata?.deletionTimestamp) this.beginTermination(worker);
    worker.dirty = true;
    this.run(worker);
  }

  /** A probe wants a container killed. */
  markUnhealthy(uid: string, containerId: string, message: string): void {
    this.workers.get(uid)?.memory.unhealthy.set(containerId, message);
    this.wake(uid);
  }

  stateOf(uid: string): WorkerState | undefined {
    return this.workers.get(uid)?.state;
  }

  uids(): string[] {
    return [...this.workers.keys()];
  }

  /** Leaves the pods as they are. Resolves when no worker is at work any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const worker of this.workers.values()) {
      worker.timer?.cancel();
      worker.syncAbort?.abort(new Error('the agent is stopping'));
    }
    // A termination may take its whole grace period; the next agent takes it up.
    const syncs = [...this.workers.values()].filter((worker) => worker.state === 'syncing');
    await Promise.all(syncs.map((worker) => worker.running ?? Promise.resolve()));
  }

  private create(uid: string, pod: Pod | undefined): Worker | undefined {
    if (!pod) return undefined;
    const worker: Worker = {
      uid, state: 'syncing', pod, memory: newPodMemory(), dirty: false, running: undefined, timer: undefined, syncAbort: undefined,
      grace: new GracePeriod(Infinity),
    };
    this.workers.set(uid, worker);
    return worker;
  }

  private beginTermination(worker: Worker): void {
    worker.grace.shorten(graceSeconds(worker.pod));
    if (worker.state !== 'syncing') return;
    this.transition(worker, 'terminating');
    worker.syncAbort?.abort(new Error('the pod is being deleted'));
  }

  private transition(worker: Worker, to: WorkerState): void {
    this.options.logger.debug('pod worker', { uid: worker.uid, from: worker.state, to });
    worker.state = to;
  }

  private run(worker: Worker): void {
    if (worker.running || !worker.dirty || this.stopped) return;
    worker.timer?.cancel();
    worker.timer = undefined;
    worker.dirty = false;
    worker.running = this.step(worker).finally(() => {
      worker.running = undefined;
      this.run(worker);
    });
  }

  /** Never rejects. */
  private async step(worker: Worker): Promise<void> {
    try {
      if (worker.state === 'terminating') await this.terminate(worker);
      else if (worker.state === 'syncing') await this.sync(worker);
      this.retries.reset(worker.uid);
    } catch (error) {
      // Aborted for a termination or the end of the agent: what comes next is already asked for.
      if (this.stopped || (worker.state === 'terminating' && worker.syncAbort?.signal.aborted)) return;
      this.options.logger.warn('pod cannot be brought to its state', { uid: worker.uid, pod: worker.pod.metadata?.name, error });
      this.wakeAt(worker, this.options.clock.now() + this.retries.next(worker.uid));
    }
  }

  private async sync(worker: Worker): Promise<void> {
    worker.syncAbort = new AbortController();
    const next = await this.options.sync(worker.pod, worker.memory, worker.syncAbort.signal);
    worker.syncAbort = undefined;
    if (next !== undefined) this.wakeAt(worker, next);
  }

  private async terminate(worker: Worker): Promise<void> {
    worker.syncAbort = undefined;
    await this.options.terminate(worker.pod, worker.memory, worker.grace);
    this.transition(worker, 'terminated');
    if (!this.options.state.pod(worker.uid)) this.forget(worker);
  }

  private forget(worker: Worker): void {
    worker.timer?.cancel();
    this.workers.delete(worker.uid);
    this.retries.reset(worker.uid);
    this.options.forget(worker.uid);
  }

  private wakeAt(worker: Worker, time: number): void {
    if (this.stopped) return;
    worker.timer?.cancel();
    worker.timer = this.options.clock.after(Math.max(0, time - this.options.clock.now()), () => {
      worker.dirty = true;
      this.run(worker);
    });
  }
}
