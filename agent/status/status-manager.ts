/**
 * Reports the status of pods, only when it changed or the API server has another: an idle board sends nothing and writes
 * nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Pod, PodStatus } from '../../api/core.ts';
import { isReadinessOverruled } from '../../api/pod-readiness.ts';
import type { StatusSink } from '../link/status-sink.ts';
import { podIdentity } from '../pods/pod-spec.ts';

/** Holds one status per pod on the board. */
export class StatusManager {
  private readonly sink: Pick<StatusSink, 'report'>;
  private readonly reported = new Map<string, PodStatus>();
  private readonly ended = new Set<string>();

  constructor(sink: Pick<StatusSink, 'report'>) {
    this.sink = sink;
  }

  /** What the next status builds on: the last one reported, else what the API server has. Undefined before the first. */
  previous(pod: Pod): PodStatus | undefined {
    const reported = this.reported.get(pod.metadata?.uid ?? '');
    const startTime = pod.status?.startTime;
    if (!reported) return startTime ? pod.status : undefined;
    // The API keeps the first one: an agent that was killed before it had saved it learns of it later.
    return startTime && startTime !== reported.startTime ? { ...reported, startTime } : reported;
  }

  latest(podUid: string): PodStatus | undefined {
    return this.reported.get(podUid);
  }

  report(pod: Pod, status: PodStatus): void {
    const { uid } = podIdentity(pod);
    const before = this.reported.get(uid) ?? pod.status;
    this.reported.set(uid, status);
    // Ready again: the control plane had given the board up.
    const disputed = isReadinessOverruled(pod) && !isReadinessOverruled({ ...pod, status });
    if (disputed || !isDeepStrictEqual(plain(before), plain(status))) this.sink.report({ ...podIdentity(pod), status });
  }

  /** Everything of the pod is gone. Reported once. */
  reportTerminated(pod: Pod, status: PodStatus | undefined): void {
    const { uid } = podIdentity(pod);
    if (this.ended.has(uid)) return;
    this.ended.add(uid);
    this.sink.report({ ...podIdentity(pod), ...(status ? { status } : {}), terminated: true });
  }

  forget(podUid: string): void {
    this.reported.delete(podUid);
    this.ended.delete(podUid);
  }
}

/** Without fields that are undefined, which the wire does not have either. */
function plain(status: PodStatus | undefined): unknown {
  return status === undefined ? undefined : JSON.parse(JSON.stringify(status));
}
