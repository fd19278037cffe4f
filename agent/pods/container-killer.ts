/** Ends one container as its pod asks for: preStop hook, stop signal, grace period, SIGKILL. Follows kuberuntime's killContainer. */
import type { Container, Pod } from '../../api/core.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { ContainerRuntime, RuntimeContainer } from '../container-runtime/container-runtime.ts';
import { eventReasons, reportPodEvent } from '../events.ts';
import type { StatusSink } from '../link/status-sink.ts';
import type { LifecycleRunner } from '../prober/prober-manager.ts';

/** Also after a preStop hook that took all the time there is, a process gets a chance to end by itself. */
const minimumGraceSeconds = 2;

export interface ContainerKillerOptions {
  runtime: Pick<ContainerRuntime, 'stopContainer'>;
  lifecycle: LifecycleRunner;
  clock: Clock;
  sink: Pick<StatusSink, 'event'>;
}

export interface KillRequest {
  pod: Pod;
  container: RuntimeContainer;
  /** Undefined for a container the pod does not have (any more). */
  spec: Container | undefined;
  message: string;
  graceSeconds: number;
  address: string;
  signal: AbortSignal;
}

export class ContainerKiller {
  private readonly options: ContainerKillerOptions;

  constructor(options: ContainerKillerOptions) {
    this.options = options;
  }

  /** Resolves when the container has stopped. */
  async kill(request: KillRequest): Promise<void> {
    const { pod, container, spec, graceSeconds } = request;
    reportPodEvent(this.options.sink, {
      pod, container: { kind: container.kind, name: container.name }, type: 'Normal', reason: eventReasons.killing, message: request.message,
    });
    const begun = this.options.clock.monotonic();
    const preStop = spec?.lifecycle?.preStop;
    if (preStop && graceSeconds > 0) await this.runPreStop(request, spec, graceSeconds);
    const spent = Math.floor((this.options.clock.monotonic() - begun) / 1000);
    const left = graceSeconds === 0 ? 0 : preStop ? Math.max(minimumGraceSeconds, graceSeconds - spent) : graceSeconds;
    await this.options.runtime.stopContainer(container.id, left);
  }

  private async runPreStop(request: KillRequest, spec: Container, graceSeconds: number): Promise<void> {
    const handler = spec.lifecycle?.preStop;
    if (!handler) return;
    const { clock } = this.options;
    const limit = new AbortController();
    const timer = clock.after(graceSeconds * 1000, () => limit.abort(new Error(`preStop did not end within ${graceSeconds} seconds`)));
    const signal = AbortSignal.any([limit.signal, request.signal]);
    try {
      await this.options.lifecycle.run(handler, { pod: request.pod, container: spec, containerId: request.container.id, address: request.address }, signal);
    } catch (error) {
      reportPodEvent(this.options.sink, {
        pod: request.pod, container: { kind: request.container.kind, name: spec.name }, type: 'Warning', reason: eventReasons.failedPreStopHook,
        message: `PreStopHook failed: ${error instanceof Error ? error.message : String(error)}`,
      });
    } finally {
      timer.cancel();
    }
  }
}
