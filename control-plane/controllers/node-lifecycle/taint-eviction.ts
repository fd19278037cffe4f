/** When a pod must leave a node with NoExecute taints. Follows k8s.io/kubernetes/pkg/controller/tainteviction. */
import type { Node, Pod, Taint, Toleration } from '../../../api/core.ts';

/** @returns milliseconds since the epoch at which the pod is to be deleted, Infinity for never. */
export function evictionTime(pod: Pod, node: Node, now: number): number {
  let earliest = Infinity;
  for (const taint of (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')) {
    const matching = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    if (matching.length === 0) return now;
    const since = taint.timeAdded ? Date.parse(taint.timeAdded) : now;
    // The shortest of the tolerations counts; one without a time holds for ever, and a negative one for no time at all.
    const seconds = Math.min(...matching.map(({ tolerationSeconds }) => (tolerationSeconds === undefined ? Infinity : Math.max(0, tolerationSeconds))));
    earliest = Math.min(earliest, since + seconds * 1000);
  }
  return earliest;
}

/** An empty key with Exists tolerates every taint, an empty effect every effect. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if ((toleration.operator ?? 'Equal') === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}
