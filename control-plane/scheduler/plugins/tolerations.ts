/** Taints and tolerations. Follows v1helper.ToleratesTaint. */
import type { Taint, Toleration } from '../../../api/core.ts';

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => {
    if (toleration.effect && toleration.effect !== taint.effect) return false;
    if (toleration.key && toleration.key !== taint.key) return false;
    if (toleration.operator === 'Exists') return true;
    // An empty key with Equal matches nothing.
    return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
  });
}
