/** Two lists of tolerations as one, without those that another one covers. Follows pkg/util/tolerations. */
import type { Toleration } from '../../api/core.ts';
import { deepEqual } from '../registry/deep-equal.ts';

/** In their order; of equal ones the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [index, toleration] of all.entries()) {
    if (merged.some((known) => covers(known, toleration))) continue;
    if (all.slice(index + 1).some((later) => !deepEqual(later, toleration) && covers(later, toleration))) continue;
    merged.push(toleration);
  }
  return merged;
}

/** Whether the wide one tolerates everything that the other one does. */
function covers(wide: Toleration, toleration: Toleration): boolean {
  if (deepEqual(wide, toleration)) return true;
  const { key = '', operator: asked } = wide;
  const operator = asked || 'Equal';
  if ((toleration.key ?? '') !== key && (key !== '' || operator !== 'Exists')) return false;
  if (wide.effect && wide.effect !== toleration.effect) return false;
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined && !((toleration.tolerationSeconds ?? Infinity) <= wide.tolerationSeconds)) return false;
  if (operator === 'Exists') return true;
  // One that leaves its operator out is covered by an equal one only, as in Kubernetes: of two that mean the same the first stays.
  return operator === 'Equal' && toleration.operator === 'Equal' && (toleration.value ?? '') === (wide.value ?? '');
}
