/**
 * What an eviction takes from a PodDisruptionBudget: one of the disruptions that its status allows, so that two evictions at
 * the same time do not both count on it. Follows pkg/registry/core/pod/storage: EvictionREST.
 */
import type { Pod } from '../../../../api/core.ts';
import { newForbidden, newTooManyRequests, StatusError } from '../../../../api/errors.ts';
import { matches, selectorFromLabelSelector } from '../../../../api/labels.ts';
import type { PodDisruptionBudget } from '../../../../api/policy.ts';
import { podDisruptionBudgets } from '../../../../api/resources.ts';
import { timestamp, type Clock } from '../../../../machinery/clock.ts';
import type { Registry, RequestContext } from '../../registry.ts';

interface Spending {
  registry: Pick<Registry, 'of'>;
  context: RequestContext;
  clock: Pick<Clock, 'now'>;
}

type Status = NonNullable<PodDisruptionBudget['status']>;

/** Evicted pods that the disruption controller has not seen go; more are too many to remember. */
const maxDisruptedPods = 2000;
/** Seconds after which a budget that is behind may be there. */
const budgetRetrySeconds = 10;
const disruptionAllowed = 'DisruptionAllowed';

/** @throws StatusError TooManyRequests when the budget does not allow it now; InternalError for more than one budget; Forbidden. */
export async function spendDisruption({ registry, context, clock }: Spending, pod: Pod): Promise<void> {
  if (needsNoBudget(pod)) return;
  const namespace = pod.metadata?.namespace ?? '';
  const store = registry.of(podDisruptionBudgets);
  const { items } = await store.list({ namespace, labelSelector: [], fieldSelector: [] });
  const [budget, ...more] = items.filter(({ spec }) => {
    const selector = selectorFromLabelSelector(spec?.selector);
    return selector !== undefined && matches(selector, pod.metadata?.labels);
  });
  if (!budget) return;
  if (more.length > 0) throw severalBudgets();
  if (isFree(pod, budget)) return;
  await store.update({ ...context, fieldManager: 'kube-apiserver' }, {
    name: budget.metadata?.name ?? '', namespace, subresource: 'status',
    change: (current) => ({ ...current, status: spent(current, pod.metadata?.name ?? '', timestamp(clock.now())) }),
  });
}

/** Pods that have not begun, have ended or are going away anyway. */
function needsNoBudget({ metadata, status }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? '');
}

/** A pod that is not healthy is not among those that the budget protects. */
function isFree({ status }: Pod, { spec, status: budget }: PodDisruptionBudget): boolean {
  if (status?.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True')) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return (budget?.desiredHealthy ?? 0) > 0 && (budget?.currentHealthy ?? 0) >= (budget?.desiredHealthy ?? 0);
}

function spent({ metadata, status }: PodDisruptionBudget, podName: string, now: string): Status {
  const name = metadata?.name ?? '';
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, observedGeneration = 0, disruptedPods = {}, ...rest }: Partial<Status> = status ?? {};
  if (observedGeneration < (metadata?.generation ?? 0)) throw tooManyRequests(`The disruption budget ${name} is still being processed by the server.`, budgetRetrySeconds);
  if (disruptionsAllowed < 0) throw newForbidden({ group: 'policy', plural: 'poddisruptionbudget' }, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > maxDisruptedPods) {
    throw newForbidden({ group: 'policy', plural: 'poddisruptionbudget' }, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (disruptionsAllowed === 0) {
    throw tooManyRequests(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`, 0);
  }
  const left = disruptionsAllowed - 1;
  const changed: Status = {
    ...rest, expectedPods: rest.expectedPods ?? 0, desiredHealthy, currentHealthy, observedGeneration, disruptionsAllowed: left, disruptedPods: { ...disruptedPods, [podName]: now },
  };
  return left === 0 ? withoutAllowance(changed, now) : changed;
}

function withoutAllowance(status: Status, now: string): Status {
  const others = (status.conditions ?? []).filter(({ type }) => type !== disruptionAllowed);
  const before = status.conditions?.find(({ type }) => type === disruptionAllowed);
  const condition = {
    type: disruptionAllowed, status: 'False', reason: 'InsufficientPods', message: '', observedGeneration: status.observedGeneration ?? 0,
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
  };
  return { ...status, conditions: [...others, condition] };
}

function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  const { status } = newTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfterSeconds);
  const details = { ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}), causes: [{ reason: 'DisruptionBudget', message }] };
  return new StatusError({ ...status, details });
}

function severalBudgets(): StatusError {
  return new StatusError({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 500,
    message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
  });
}
