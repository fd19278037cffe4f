/** The class that is marked as the cluster's default. */
import type { KubernetesObject } from '../../api/meta.ts';

/** @returns of several defaults the newest, of equally old ones the first by name. */
export function defaultOf<T extends KubernetesObject>(classes: readonly T[], annotations: readonly string[]): T | undefined {
  let best: T | undefined;
  for (const candidate of classes) {
    const marks = candidate.metadata?.annotations;
    if (!annotations.some((key) => marks?.[key] === 'true')) continue;
    if (!best || (candidate.metadata?.creationTimestamp ?? '') > (best.metadata?.creationTimestamp ?? '')) best = candidate;
  }
  return best;
}
