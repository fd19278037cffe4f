/** Runs startup, readiness and liveness probes and lifecycle hooks of running containers. */
import type { Container, LifecycleHandler, Pod } from '../../api/core.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

export interface ProbeTarget {
  pod: Pod;
  container: Container;
  containerId: string;
  /** Address probes connect to: the pod's, or the board's for hostNetwork. */
  address: string;
  startedAt: number;
}

export interface ProbeState {
  /** No startup probe, or it succeeded. */
  started: boolean;
  /** Ready as far as probes can say. */
  ready: boolean;
}

export interface ProberManager {
  /** Starts probing a container that began to run. Idempotent by container id. */
  track(target: ProbeTarget): void;
  untrack(containerId: string): void;
  state(containerId: string): ProbeState;
  /** A probe changed its verdict: look at the pod again. */
  onChange(handler: (podUid: string) => void): void;
  /** Liveness or startup failed for good: this container must be killed and restarted. */
  onUnhealthy(handler: (podUid: string, containerId: string, kind: ProbeKind, message: string) => void): void;
  stop(): void;
}

export interface LifecycleRunner {
  /** Runs a postStart or preStop handler. Rejects with its output or error. */
  run(handler: LifecycleHandler, target: Pick<ProbeTarget, 'pod' | 'container' | 'containerId' | 'address'>, signal: AbortSignal): Promise<void>;
}
