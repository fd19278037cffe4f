/**
 * Whether a node still speaks, and what its conditions mean for pods. Follows k8s.io/kubernetes/pkg/controller/nodelifecycle.
 */
import type { Node, NodeCondition, Taint } from '../../../api/core.ts';
import { timestamp } from '../../../machinery/clock.ts';
import { semanticEqual } from '../semantic-equality.ts';

export const taintKeys = {
  notReady: 'node.kubernetes.io/not-ready',
  unreachable: 'node.kubernetes.io/unreachable',
  unschedulable: 'node.kubernetes.io/unschedulable',
  memoryPressure: 'node.kubernetes.io/memory-pressure',
  diskPressure: 'node.kubernetes.io/disk-pressure',
  pidPressure: 'node.kubernetes.io/pid-pressure',
  networkUnavailable: 'node.kubernetes.io/network-unavailable',
} as const;

/** Conditions that nobody vouches for any more when the node is silent. */
const silentConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

export type Readiness = 'True' | 'False' | 'Unknown';

export function nodeCondition(node: Node, type: string): NodeCondition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === type);
}

/** A node without a Ready condition has not spoken yet: Unknown. */
export function nodeReadiness(node: Node): Readiness {
  const status = nodeCondition(node, 'Ready')?.status;
  return status === 'True' || status === 'False' ? status : 'Unknown';
}

/**
 * The conditions of a node that has been silent for too long.
 * @param now milliseconds since the epoch.
 * @returns undefined when they say so already.
 */
export function silentNodeConditions(node: Node, now: number): NodeCondition[] | undefined {
  const current = node.status?.conditions ?? [];
  const fresh = silentConditions.map((type): NodeCondition => {
    const existing = current.find((condition) => condition.type === type);
    if (!existing) {
      return {
        type, status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata?.creationTimestamp ?? timestamp(now), lastTransitionTime: timestamp(now),
      };
    }
    if (existing.status === 'Unknown') return existing;
    return { ...existing, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: timestamp(now) };
  });
  const wanted = [...current.map((condition) => fresh.find(({ type }) => type === condition.type) ?? condition),
    ...fresh.filter(({ type }) => !current.some((condition) => condition.type === type))];
  return semanticEqual(current, wanted) ? undefined : wanted;
}

/** A check that comes this much too late, milliseconds, was held up: this process slept, and may have slept through heartbeats. */
const lateMs = 10_000;
/** What a node gets then, milliseconds: more than the ten seconds between two heartbeats. */
const secondChanceMs = 15_000;

/**
 * Whether a node has been silent for too long. Times are monotonic milliseconds.
 * @returns `wait`: look again after so long; `heartbeatAt`: to be taken for the last heartbeat from now on.
 */
export function judgeSilence(heartbeatAt: number, gracePeriodMs: number, now: number): { silent: boolean; wait?: number; heartbeatAt: number } {
  const remaining = heartbeatAt + gracePeriodMs - now;
  if (remaining > 0) return { silent: false, wait: remaining, heartbeatAt };
  if (remaining < -lateMs) return { silent: false, wait: secondChanceMs, heartbeatAt: now - gracePeriodMs + secondChanceMs };
  return { silent: true, heartbeatAt };
}

const noScheduleRules: readonly { condition: string; status: string; key: string }[] = [
  { condition: 'Ready', status: 'False', key: taintKeys.notReady },
  { condition: 'Ready', status: 'Unknown', key: taintKeys.unreachable },
  { condition: 'MemoryPressure', status: 'True', key: taintKeys.memoryPressure },
  { condition: 'DiskPressure', status: 'True', key: taintKeys.diskPressure },
  { condition: 'PIDPressure', status: 'True', key: taintKeys.pidPressure },
  { condition: 'NetworkUnavailable', status: 'True', key: taintKeys.networkUnavailable },
];

const managedNoSchedule: ReadonlySet<string> = new Set(Object.values(taintKeys));
const managedNoExecute: ReadonlySet<string> = new Set([taintKeys.notReady, taintKeys.unreachable]);

export interface TaintOptions {
  /** Milliseconds since the epoch. */
  now: number;
  /** No node of the cluster is ready: then the fault is here and not at the boards, and no pod is driven out. */
  fullDisruption: boolean;
}

/** The node's taints as its conditions and spec.unschedulable want them; taints of others stay, in their order. */
export function wantedTaints(node: Node, { now, fullDisruption }: TaintOptions): Taint[] {
  const current = node.spec?.taints ?? [];
  const wanted = [...noScheduleTaints(node), ...noExecuteTaints(node, fullDisruption)];
  const isManaged = (taint: Taint) => (taint.effect === 'NoSchedule' ? managedNoSchedule : taint.effect === 'NoExecute' ? managedNoExecute : new Set()).has(taint.key);
  const same = (left: Taint, right: Taint) => left.key === right.key && left.effect === right.effect;
  const kept = current.filter((taint) => !isManaged(taint) || wanted.some((other) => same(taint, other)));
  const added = wanted.filter((taint) => !current.some((other) => same(taint, other)));
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: timestamp(now) }))];
}

function noScheduleTaints(node: Node): Taint[] {
  const taints = noScheduleRules
    .filter(({ condition, status }) => nodeCondition(node, condition)?.status === status)
    .map(({ key }): Taint => ({ key, effect: 'NoSchedule' }));
  // A board that has never spoken: keep what the API server put on it at its creation.
  if (!nodeCondition(node, 'Ready')) taints.push({ key: taintKeys.notReady, effect: 'NoSchedule' });
  if (node.spec?.unschedulable) taints.push({ key: taintKeys.unschedulable, effect: 'NoSchedule' });
  return taints;
}

function noExecuteTaints(node: Node, fullDisruption: boolean): Taint[] {
  const status = nodeCondition(node, 'Ready')?.status;
  if (fullDisruption || status === undefined || status === 'True') return [];
  return [{ key: status === 'False' ? taintKeys.notReady : taintKeys.unreachable, effect: 'NoExecute' }];
}
