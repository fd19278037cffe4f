/** The status of a ReplicaSet as a function of its pods. Follows k8s.io/kubernetes/pkg/controller/replicaset. */
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../../api/apps.ts';
import type { Pod } from '../../../api/core.ts';
import { matches, selectorFromMap } from '../../../api/labels.ts';
import { timestamp } from '../../../machinery/clock.ts';
import { isPodActive, isPodReady, isPodTerminal, isPodTerminating, millisecondsUntilAvailable } from '../pod-readiness.ts';

/** With the field that apps/v1 has since Kubernetes 1.33. */
export type ReplicaSetStatusWithTerminating = ReplicaSetStatus & { terminatingReplicas?: number };

export const replicaFailure = 'ReplicaFailure';
export const failedCreateReason = 'FailedCreate';
export const failedDeleteReason = 'FailedDelete';

/** Why the last attempt to reach spec.replicas failed. */
export interface ManageFailure {
  reason: typeof failedCreateReason | typeof failedDeleteReason;
  message: string;
}

export interface ReplicaSetStatusInput {
  replicaSet: ReplicaSet;
  /** Every pod that is the ReplicaSet's, also finished and terminating ones. */
  pods: readonly Pod[];
  failure: ManageFailure | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

export function calculateReplicaSetStatus({ replicaSet, pods, failure, now }: ReplicaSetStatusInput): ReplicaSetStatusWithTerminating {
  const active = pods.filter(isPodActive);
  const templateLabels = selectorFromMap(replicaSet.spec?.template?.metadata?.labels);
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const conditions = calculateConditions(replicaSet.status?.conditions ?? [], failure, now);
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => matches(templateLabels, pod.metadata?.labels)).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: active.filter((pod) => millisecondsUntilAvailable(pod, minReadySeconds, now) === 0).length,
    terminatingReplicas: pods.filter((pod) => isPodTerminating(pod) && !isPodTerminal(pod)).length,
    observedGeneration: replicaSet.metadata?.generation ?? 0,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

function calculateConditions(current: readonly ReplicaSetCondition[], failure: ManageFailure | undefined, now: number): ReplicaSetCondition[] {
  const others = current.filter((condition) => condition.type !== replicaFailure);
  if (!failure) return others;
  const existing = current.find((condition) => condition.type === replicaFailure);
  if (existing?.status === 'True' && existing.reason === failure.reason) return [...current];
  return [...others, {
    type: replicaFailure, status: 'True', reason: failure.reason, message: failure.message, lastTransitionTime: timestamp(now),
  }];
}

/** Milliseconds until the next ready pod becomes available, undefined when none is waiting. */
export function nextAvailabilityCheck(replicaSet: ReplicaSet, pods: readonly Pod[], now: number): number | undefined {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const waits = pods.filter(isPodActive)
    .map((pod) => millisecondsUntilAvailable(pod, minReadySeconds, now))
    .filter((wait) => wait > 0 && wait !== Infinity);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
