import type { Probe } from '../../api/core.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { eventReasons, reportPodEvent } from '../events.ts';
import type { StatusSink } from '../link/status-sink.ts';
import { ProbeWorker } from './probe-worker.ts';
import type { ProbeKind, ProberManager, ProbeState, ProbeTarget } from './prober-manager.ts';
import type { Prober } from './prober.ts';

export interface ProbingManagerOptions {
  prober: Prober;
  sink: Pick<StatusSink, 'event'>;
  clock: Clock;
  log: Logger;
  /** In [0, 1): spreads the probes of containers that were running before the agent was. */
  random: () => number;
}

interface Tracked extends ProbeState {
  target: ProbeTarget;
  workers: Map<ProbeKind, ProbeWorker>;
  /** The readiness probe's own verdict. */
  readinessPassed: boolean;
  /** Taken for started and ready until the first result: it ran before the agent did, and nobody knows how it was. */
  assumed: boolean;
}

/**
 * The probes of every running container. Timing follows the kubelet: the first probe comes right after the start (or the
 * initial delay), readiness and liveness wait for startup, a container that failed liveness is not probed until it is new.
 *
 * A container that ran before the agent did keeps the readiness that the API has for it until a probe says otherwise; where
 * that is not known it counts as ready until its first result, which then decides alone: a restarted agent interrupts no
 * Service.
 */
export class ProbingManager implements ProberManager {
  private readonly options: ProbingManagerOptions;
  private readonly tracked = new Map<string, Tracked>();
  private readonly changeHandlers: ((podUid: string) => void)[] = [];
  private readonly unhealthyHandlers: ((podUid: string, containerId: string, kind: ProbeKind, message: string) => void)[] = [];
  private readonly agentStartedAt: number;

  constructor(options: ProbingManagerOptions) {
    this.options = options;
    this.agentStartedAt = options.clock.now();
  }

  track(target: ProbeTarget): void {
    if (this.tracked.has(target.containerId)) return;
    const { container } = target;
    const before = this.statusBefore(target);
    const started = !container.startupProbe || before?.started === true;
    const readinessPassed = !container.readinessProbe || before?.ready === true;
    const assumed = before === undefined && this.isAdopted(target) && !(started && readinessPassed);
    const entry: Tracked = { target, workers: new Map(), started, readinessPassed, assumed, ready: started && readinessPassed };
    this.tracked.set(target.containerId, entry);
    if (started) this.probeRunning(entry);
    else this.startWorker(entry, 'startup', container.startupProbe!);
  }

  untrack(containerId: string): void {
    const entry = this.tracked.get(containerId);
    if (!entry) return;
    this.tracked.delete(containerId);
    for (const worker of entry.workers.values()) worker.stop();
  }

  state(containerId: string): ProbeState {
    const entry = this.tracked.get(containerId);
    if (!entry) return { started: false, ready: false };
    return entry.assumed ? { started: true, ready: true } : { started: entry.started, ready: entry.ready };
  }

  onChange(handler: (podUid: string) => void): void {
    this.changeHandlers.push(handler);
  }

  onUnhealthy(handler: (podUid: string, containerId: string, kind: ProbeKind, message: string) => void): void {
    this.unhealthyHandlers.push(handler);
  }

  stop(): void {
    for (const containerId of [...this.tracked.keys()]) this.untrack(containerId);
  }

  private isAdopted(target: ProbeTarget): boolean {
    return target.startedAt < this.agentStartedAt;
  }

  private statusBefore(target: ProbeTarget): { ready: boolean; started?: boolean | undefined } | undefined {
    if (!this.isAdopted(target)) return undefined;
    const { containerStatuses = [], initContainerStatuses = [] } = target.pod.status ?? {};
    return [...containerStatuses, ...initContainerStatuses].find((status) => status.containerID?.endsWith(`//${target.containerId}`));
  }

  private probeRunning(entry: Tracked): void {
    const { readinessProbe, livenessProbe } = entry.target.container;
    if (readinessProbe) this.startWorker(entry, 'readiness', readinessProbe);
    if (livenessProbe) this.startWorker(entry, 'liveness', livenessProbe);
  }

  private startWorker(entry: Tracked, kind: ProbeKind, spec: Probe): void {
    const { clock, prober, sink } = this.options;
    const { target } = entry;
    entry.workers.set(kind, new ProbeWorker({
      kind, spec, target, prober, clock,
      firstDelayMs: this.firstDelay(kind, spec, target),
      attempted: (healthy) => this.attempted(entry, kind, healthy),
      verdict: (healthy) => this.verdict(entry, kind, healthy),
      tell: (message) => reportPodEvent(sink, {
        pod: target.pod, container: { kind: isInit(target) ? 'init' : 'container', name: target.container.name }, type: 'Warning', reason: eventReasons.unhealthy, message,
      }),
    }));
  }

  /** Milliseconds. */
  private firstDelay(kind: ProbeKind, spec: Probe, target: ProbeTarget): number {
    const left = target.startedAt + (spec.initialDelaySeconds ?? 0) * 1_000 - this.options.clock.now();
    if (left > 0) return left;
    // After a restart of the agent readiness is wanted at once; liveness is spread.
    return this.isAdopted(target) && kind === 'liveness' ? this.options.random() * (spec.periodSeconds ?? 10) * 1_000 : 0;
  }

  /** The first result of an adopted container is the end of assuming. */
  private attempted(entry: Tracked, kind: ProbeKind, healthy: boolean): void {
    if (!entry.assumed || kind === 'liveness' || (kind === 'startup' && healthy && entry.target.container.readinessProbe)) return;
    entry.assumed = false;
    if (kind === 'readiness') entry.readinessPassed = healthy;
    entry.ready = entry.started && entry.readinessPassed;
    if (!healthy) this.tellChange(entry);
  }

  private verdict(entry: Tracked, kind: ProbeKind, healthy: boolean): void {
    if (kind === 'readiness') {
      entry.readinessPassed = healthy;
    } else if (!healthy) {
      this.condemn(entry, kind);
      return;
    } else if (kind === 'startup') {
      entry.started = true;
      entry.workers.get('startup')?.stop();
      entry.workers.delete('startup');
      this.probeRunning(entry);
      this.settle(entry, true);
      return;
    }
    this.settle(entry, false);
  }

  private settle(entry: Tracked, startedChanged: boolean): void {
    const ready = entry.started && entry.readinessPassed;
    if (ready === entry.ready && !startedChanged) return;
    entry.ready = ready;
    this.tellChange(entry);
  }

  private tellChange(entry: Tracked): void {
    for (const handler of this.changeHandlers) handler(entry.target.pod.metadata?.uid ?? '');
  }

  /** Probing ends here: what the container answers while it is killed says nothing. */
  private condemn(entry: Tracked, kind: ProbeKind): void {
    for (const worker of entry.workers.values()) worker.stop();
    entry.workers.clear();
    const { pod, container, containerId } = entry.target;
    const message = `Container ${container.name} failed ${kind} probe`;
    this.options.log.info('probe failed for good', { pod: pod.metadata?.name, container: container.name, kind });
    for (const handler of this.unhealthyHandlers) handler(pod.metadata?.uid ?? '', containerId, kind, message);
  }
}

function isInit(target: ProbeTarget): boolean {
  return target.pod.spec?.initContainers?.some((container) => container.name === target.container.name) ?? false;
}
