/**
 * Which pods a ReplicaSet gives up first. Follows k8s.io/kubernetes/pkg/controller ActivePodsWithRanks.
 */
import type { ContainerStatus, Pod } from '../../../api/core.ts';
import { isPodReady, podReadySince } from '../pod-readiness.ts';

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * @param active the pods to choose from.
 * @param related active pods of the same workload (all ReplicaSets of a Deployment): nodes with many of them give first.
 * @param now milliseconds since the epoch.
 * @returns `count` pods, first to go first.
 */
export function podsToDelete(active: readonly Pod[], related: readonly Pod[], count: number, now: number): Pod[] {
  if (count >= active.length) return [...active];
  const perNode = new Map<string, number>();
  for (const pod of related) perNode.set(pod.spec?.nodeName ?? '', (perNode.get(pod.spec?.nodeName ?? '') ?? 0) + 1);
  const rank = (pod: Pod): number => perNode.get(pod.spec?.nodeName ?? '') ?? 0;
  return [...active].sort((left, right) => compare(left, right, rank, now)).slice(0, Math.max(0, count));
}

/** Negative: left goes first. */
function compare(left: Pod, right: Pod, rank: (pod: Pod) => number, now: number): number {
  return Number(Boolean(left.spec?.nodeName)) - Number(Boolean(right.spec?.nodeName))
    || phase(left) - phase(right)
    || Number(isPodReady(left)) - Number(isPodReady(right))
    || deletionCost(left) - deletionCost(right)
    || rank(right) - rank(left)
    || youngerFirst(readyAge(left, now), readyAge(right, now))
    || restarts(right) - restarts(left)
    || youngerFirst(age(left, now), age(right, now))
    || compareText(left.metadata?.uid ?? '', right.metadata?.uid ?? '');
}

function phase(pod: Pod): number {
  return phaseOrder[pod.status?.phase ?? 'Pending'] ?? 1;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata?.annotations?.[deletionCostAnnotation] ?? '';
  const cost = Number(text);
  // Malformed costs count as none, as the API server only accepts 32-bit integers.
  return /^-?(0|[1-9]\d*)$/.test(text) && Math.abs(cost) <= 2 ** 31 ? cost : 0;
}

function readyAge(pod: Pod, now: number): number | undefined {
  const since = podReadySince(pod);
  return since === undefined ? undefined : now - since;
}

function age(pod: Pod, now: number): number | undefined {
  const created = pod.metadata?.creationTimestamp;
  return created ? now - Date.parse(created) : undefined;
}

/**
 * Ages count by their order of magnitude (powers of two), so that among pods of about the same age the choice is random by
 * uid and not always the newest board's.
 */
function youngerFirst(left: number | undefined, right: number | undefined): number {
  return magnitude(left) - magnitude(right);
}

function magnitude(milliseconds: number | undefined): number {
  return milliseconds === undefined || milliseconds <= 0 ? -1 : Math.floor(Math.log2(milliseconds * 1_000_000));
}

function restarts(pod: Pod): number {
  const highest = (statuses: readonly ContainerStatus[] | undefined) => Math.max(0, ...(statuses ?? []).map((status) => status.restartCount));
  return Math.max(highest(pod.status?.containerStatuses), highest(pod.status?.initContainerStatuses));
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
