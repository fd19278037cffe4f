/** Ends one container as its pod asks for: preStop hook, stop signal, grace period, SIGKILL. Follows kuberuntime's killContainer. */
import type { Container, LifecycleHandler, Pod } from '../../api/core.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { ContainerRuntime, RuntimeContainer } from '../container-runtime/container-runtime.ts';
import { eventReasons, reportPodEvent } from '../events.ts';
import type { StatusSink } from '../link/status-sink.ts';
import type { LifecycleRunner } from '../prober/prober-manager.ts';
import type { GracePeriod } from './grace-period.ts';

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
  grace: GracePeriod;
  address: string;
}

export class ContainerKiller {
  private readonly options: ContainerKillerOptions;

  constructor(options: ContainerKillerOptions) {
    this.options = options;
  }

  /** Resolves when the container has stopped. */
  async kill(request: KillRequest): Promise<void> {
    const { pod, container, spec, grace } = request;
    const { clock, runtime, sink } = this.options;
    reportPodEvent(sink, { pod, container: { kind: container.kind, name: container.name }, type: 'Normal', reason: eventReasons.killing, message: request.message });
    const begun = clock.monotonic();
    const preStop = spec?.lifecycle?.preStop;
    if (preStop && grace.seconds > 0) await this.runPreStop(request, spec, preStop);
    const left = () => {
      const spent = preStop ? Math.floor((clock.monotonic() - begun) / 1000) : 0;
      return grace.seconds === 0 ? 0 : Math.max(Math.min(minimumGraceSeconds, grace.seconds), grace.seconds - spent);
    };
    // Of two stops under way the engine keeps to the earlier.
    const unsubscribe = grace.onShorter(() => {
      runtime.stopContainer(container.id, left()).catch(() => undefined);
    });
    try {
      await runtime.stopContainer(container.id, left());
    } finally {
      unsubscribe();
    }
  }

  private async runPreStop(request: KillRequest, spec: Container, handler: LifecycleHandler): Promise<void> {
    const { pod, container, address, grace } = request;
    const limit = new AbortController();
    const give = () => limit.abort(new Error(`preStop did not end within ${grace.seconds} seconds`));
    const timer = this.options.clock.after(grace.seconds * 1000, give);
    const unsubscribe = grace.onShorter(give);
    try {
      await this.options.lifecycle.run(handler, { pod, container: spec, containerId: container.id, address }, limit.signal);
    } catch (error) {
      reportPodEvent(this.options.sink, {
        pod, container: { kind: container.kind, name: spec.name }, type: 'Warning', reason: eventReasons.failedPreStopHook,
        message: `PreStopHook failed: ${error instanceof Error ? error.message : String(error)}`,
      });
    } finally {
      timer.cancel();
      unsubscribe();
    }
  }
}
