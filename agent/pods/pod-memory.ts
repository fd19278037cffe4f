/** What the agent keeps in mind of a pod between two looks at it. Everything else is with the engine, so nothing here is missed after a restart. */
import type { WaitingReason } from '../status/container-status.ts';

export interface PodMemory {
  /** Why containers could not be started when it was last tried, by name. */
  failures: Map<string, WaitingReason>;
  /** Container id → why a probe wants it killed. */
  unhealthy: Map<string, string>;
  /** Ends of back-offs that an event has told of, by container name. */
  toldBackOffs: Map<string, number>;
  /** Set when the agent itself ended the pod. */
  ended: { reason: string; message: string } | undefined;
  /** Failed rounds since the last good one. */
  failedRounds: number;
  volumesRemoved: boolean;
}

export function newPodMemory(): PodMemory {
  return { failures: new Map(), unhealthy: new Map(), toldBackOffs: new Map(), ended: undefined, failedRounds: 0, volumesRemoved: false };
}
