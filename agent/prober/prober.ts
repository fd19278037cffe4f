import type { Probe } from '../../api/core.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { ContainerRuntime } from '../container-runtime/container-runtime.ts';
import { probeExec } from './exec-probe.ts';
import { probeGrpc } from './grpc-probe.ts';
import { httpRequestOf, probeHttp, probeUserAgent } from './http-probe.ts';
import { resolvePort } from './probe-port.ts';
import { ProbeError, type ProbeResult } from './probe-result.ts';
import type { ProbeTarget } from './prober-manager.ts';
import { probeTcp } from './tcp-probe.ts';

export interface Prober {
  /** One attempt, ended at the probe's timeout or by the signal. @throws ProbeError when it cannot be made. */
  probe(spec: Probe, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult>;
}

/** Attempts at a probe that cannot be made, before its result is thrown away. */
const maximumTries = 3;

export class NetworkProber implements Prober {
  private readonly runtime: Pick<ContainerRuntime, 'exec'>;
  private readonly clock: Clock;

  constructor(options: { runtime: Pick<ContainerRuntime, 'exec'>; clock: Clock }) {
    this.runtime = options.runtime;
    this.clock = options.clock;
  }

  async probe(spec: Probe, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(spec, target, signal);
      } catch (error) {
        if (!(error instanceof ProbeError) || attempt === maximumTries || signal.aborted) throw error;
      }
    }
  }

  private async attempt(spec: Probe, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
    const timeout = new AbortController();
    const timeoutSeconds = spec.timeoutSeconds ?? 1;
    const timer = this.clock.after(timeoutSeconds * 1_000, () => timeout.abort(new Error('timeout')));
    const stop = () => timeout.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await this.run(spec, target, { signal: timeout.signal, timeoutText: `${timeoutSeconds}s` });
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  private run(spec: Probe, target: ProbeTarget, limits: { signal: AbortSignal; timeoutText: string }): Promise<ProbeResult> {
    const { container, address, containerId } = target;
    const { signal } = limits;
    if (spec.exec) return probeExec(this.runtime, containerId, spec.exec.command ?? [], signal);
    if (spec.httpGet) return probeHttp(httpRequestOf(spec.httpGet, container, address, probeUserAgent), signal);
    if (spec.tcpSocket) return probeTcp(spec.tcpSocket.host || address, resolvePort(spec.tcpSocket.port, container), signal);
    if (spec.grpc) return probeGrpc({ host: address, port: spec.grpc.port, service: spec.grpc.service ?? '', timeoutText: limits.timeoutText }, signal);
    throw new ProbeError(`missing probe handler for ${target.pod.metadata?.name ?? ''}:${container.name}`);
  }
}
