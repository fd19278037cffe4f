/** Pods that nobody else will ever remove. Follows k8s.io/kubernetes/pkg/controller/podgc. */
import type { Pod } from '../../../api/core.ts';
import { isPodTerminal, isPodTerminating } from '../pod-readiness.ts';

/** The oldest finished pods beyond the threshold. @param threshold 0 or less keeps all. */
export function surplusFinishedPods(pods: readonly Pod[], threshold: number): Pod[] {
  const finished = pods.filter((pod) => isPodTerminal(pod) && !isPodTerminating(pod));
  if (threshold <= 0 || finished.length <= threshold) return [];
  const created = (pod: Pod) => pod.metadata?.creationTimestamp ?? '';
  return finished.sort((left, right) => (created(left) < created(right) ? -1 : created(left) > created(right) ? 1 : 0)).slice(0, finished.length - threshold);
}

/** Deleted before a node was found: no agent will confirm their end. */
export function unscheduledTerminatingPods(pods: readonly Pod[]): Pod[] {
  return pods.filter((pod) => isPodTerminating(pod) && !pod.spec?.nodeName);
}
