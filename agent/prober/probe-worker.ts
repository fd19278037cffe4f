import type { Probe } from '../../api/core.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import { ProbeError } from './probe-result.ts';
import type { ProbeKind, ProbeTarget } from './prober-manager.ts';
import type { Prober } from './prober.ts';

export interface ProbeWorkerOptions {
  kind: ProbeKind;
  spec: Probe;
  target: ProbeTarget;
  prober: Prober;
  clock: Clock;
  /** Milliseconds until the first probe. */
  firstDelayMs: number;
  /** Each attempt that gave a result, before a verdict on it. */
  attempted: (healthy: boolean) => void;
  /** Thresholds are reached. */
  verdict: (healthy: boolean) => void;
  /** For the event, at each attempt that did not plainly succeed. */
  tell: (message: string) => void;
}

const titles = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' } as const;

/**
 * One probe of one container, over and over.
 *
 *   waiting ──timer──► probing ──result──► waiting … ──stop──► stopped
 *
 * INVARIANTS: one timer or one attempt at a time; the period counts from the beginning of an attempt; nothing is told after stop().
 */
export class ProbeWorker {
  private readonly options: ProbeWorkerOptions;
  private readonly abort = new AbortController();
  private timer: Timer | undefined;
  private lastHealthy: boolean | undefined;
  private run = 0;

  constructor(options: ProbeWorkerOptions) {
    this.options = options;
    this.schedule(options.firstDelayMs);
  }

  stop(): void {
    this.timer?.cancel();
    this.abort.abort(new Error('stopped'));
  }

  private schedule(delayMs: number): void {
    this.timer = this.options.clock.after(delayMs, () => {
      void this.probe().catch((error: unknown) => { this.options.tell(`${titles[this.options.kind]} probe errored and resulted in unknown state: ${(error as Error).message}`); });
    });
  }

  private async probe(): Promise<void> {
    const { clock, spec, kind, tell, prober, target } = this.options;
    const began = clock.monotonic();
    try {
      const result = await prober.probe(spec, target, this.abort.signal);
      if (this.abort.signal.aborted) return;
      if (result.verdict === 'failure') tell(`${titles[kind]} probe failed: ${result.output}`);
      else if (result.verdict === 'warning') tell(`${titles[kind]} probe warning: ${result.output}`);
      this.count(result.verdict !== 'failure');
    } catch (error) {
      if (this.abort.signal.aborted) return;
      if (!(error instanceof ProbeError)) throw error;
      tell(`${titles[kind]} probe errored and resulted in unknown state: ${error.message}`);
    } finally {
      const period = (spec.periodSeconds ?? 10) * 1_000;
      if (!this.abort.signal.aborted) this.schedule(Math.max(0, began + period - clock.monotonic()));
    }
  }

  private count(healthy: boolean): void {
    this.run = this.lastHealthy === healthy ? this.run + 1 : 1;
    this.lastHealthy = healthy;
    this.options.attempted(healthy);
    const threshold = healthy ? this.options.spec.successThreshold ?? 1 : this.options.spec.failureThreshold ?? 3;
    if (this.run >= threshold) this.options.verdict(healthy);
  }
}
