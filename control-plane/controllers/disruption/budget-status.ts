/** What the status of a PodDisruptionBudget must say. Follows k8s.io/kubernetes/pkg/controller/disruption and pkg/apis/policy. */
import type { Pod } from '../../../api/core.ts';
import type { PodDisruptionBudget } from '../../../api/policy.ts';
import { timestamp } from '../../../machinery/clock.ts';
import { isPodReady, isPodTerminating } from '../pod-readiness.ts';

export type BudgetStatus = NonNullable<PodDisruptionBudget['status']>;
type Condition = NonNullable<BudgetStatus['conditions']>[number];

/** How long an evicted pod counts as going although nobody has deleted it. */
export const deletionTimeoutMs = 2 * 60 * 1000;
export const disruptionAllowed = 'DisruptionAllowed';

export interface PodCounts {
  /** Pods that there should be. */
  expectedPods: number;
  /** Pods that must stay healthy. */
  desiredHealthy: number;
}

export interface BudgetReview {
  status: BudgetStatus;
  /** Evicted pods that should be gone and are not. */
  notDeleted: Pod[];
  /** Milliseconds until the next evicted pod counts again, undefined when none is waited for. */
  recheckMs: number | undefined;
}

/** Whether the pods' controllers must be asked how many pods they want: a whole number of pods that must stay needs no total. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/** @param total pods that the controllers want, or for a whole number in minAvailable the pods that there are. */
export function countPods({ spec }: PodDisruptionBudget, total: number): PodCounts {
  if (spec?.maxUnavailable !== undefined) return { expectedPods: total, desiredHealthy: Math.max(0, total - scaled(spec.maxUnavailable, total)) };
  if (spec?.minAvailable !== undefined) return { expectedPods: total, desiredHealthy: scaled(spec.minAvailable, total) };
  return { expectedPods: 0, desiredHealthy: 0 };
}

/** Shares are rounded up. */
function scaled(value: number | string, total: number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value);
  if (!percent) throw new Error('invalid value for IntOrString: invalid type: string is not a percentage');
  return Math.ceil((Number(percent[1]) * total) / 100);
}

/** @param pods that the budget selects. @param now milliseconds since the epoch. */
export function reviewBudget(budget: PodDisruptionBudget, pods: readonly Pod[], { expectedPods, desiredHealthy }: PodCounts, now: number): BudgetReview {
  const { disruptedPods, notDeleted, recheckMs } = reviewDisruptedPods(budget, pods, now);
  const currentHealthy = pods.filter((pod) => !isPodTerminating(pod) && disruptedPods[pod.metadata?.name ?? ''] === undefined && isPodReady(pod)).length;
  const status: BudgetStatus = {
    ...(budget.metadata?.generation === undefined ? {} : { observedGeneration: budget.metadata.generation }),
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
    // With no pods expected nothing is allowed: the first ones may appear before they are counted.
    disruptionsAllowed: expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy),
    currentHealthy, desiredHealthy, expectedPods,
  };
  const [state, reason] = status.disruptionsAllowed > 0 ? ['True', 'SufficientPods'] as const : ['False', 'InsufficientPods'] as const;
  const conditions = withCondition(budget, { status: state, reason, message: '', observedGeneration: status.observedGeneration ?? 0 }, now);
  return { status: { ...status, conditions }, notDeleted, recheckMs };
}

/** Nothing may be evicted while the controller cannot tell what is allowed. */
export function failedStatus(budget: PodDisruptionBudget, message: string, now: number): BudgetStatus {
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0, ...rest }: Partial<BudgetStatus> = budget.status ?? {};
  const conditions = withCondition(budget, { status: 'False', reason: 'SyncFailed', message, observedGeneration: rest.observedGeneration ?? 0 }, now);
  return { ...rest, currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: 0, conditions };
}

interface DisruptedPods extends Pick<BudgetReview, 'notDeleted' | 'recheckMs'> {
  disruptedPods: Record<string, string>;
}

/** Forgets pods that are gone, are going, or should long be. */
function reviewDisruptedPods({ status }: PodDisruptionBudget, pods: readonly Pod[], now: number): DisruptedPods {
  const evicted = status?.disruptedPods ?? {};
  const waiting = pods.flatMap((pod) => {
    const since = evicted[pod.metadata?.name ?? ''];
    return since === undefined || isPodTerminating(pod) ? [] : [{ pod, since, left: Date.parse(since) + deletionTimeoutMs - now }];
  });
  const kept = waiting.filter(({ left }) => left > 0);
  return {
    disruptedPods: Object.fromEntries(kept.map(({ pod, since }) => [pod.metadata?.name ?? '', since])),
    notDeleted: waiting.filter(({ left }) => left <= 0).map(({ pod }) => pod),
    recheckMs: kept.length > 0 ? Math.min(...kept.map(({ left }) => left)) : undefined,
  };
}

function withCondition({ status }: PodDisruptionBudget, change: Omit<Condition, 'type' | 'lastTransitionTime'>, now: number): Condition[] {
  const conditions = status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === disruptionAllowed);
  const condition: Condition = { type: disruptionAllowed, ...change, lastTransitionTime: before?.status === change.status ? before.lastTransitionTime : timestamp(now) };
  return before ? conditions.map((other) => (other === before ? condition : other)) : [...conditions, condition];
}
