/** What a gated pod may still say about the nodes it wants: less of them. Follows validateNodeSelectorMutation and validateNodeAffinityMutation. */
import { deepEqual } from '../../deep-equal.ts';
import { invalid, type FieldError } from '../../validation/field-errors.ts';
import type { NodeSelectorTerm, PodSpec } from './pod-parts.ts';

type Spec = Partial<PodSpec>;

export function validateNarrowing(spec: Spec, old: Spec): FieldError[] {
  return [...validateSelector(spec, old), ...validateAffinity(spec, old)];
}

function validateSelector({ nodeSelector = {} }: Spec, { nodeSelector: old = {} }: Spec): FieldError[] {
  const kept = Object.entries(old).every(([key, value]) => nodeSelector[key] === value);
  return kept ? [] : [invalid('spec.nodeSelector', nodeSelector, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)')];
}

/** Preferences may change; what is required may get requirements, of the same terms. */
function validateAffinity({ affinity }: Spec, { affinity: old }: Spec): FieldError[] {
  const field = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const before = old?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!before) return [];
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (terms.length !== before.length) return [invalid(field, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  return terms.flatMap((term, index) => (isNarrower(term, before[index]!) ? []
    : [invalid(`${field}[${index}]`, term, 'only additions are allowed (no mutations or deletions)')]));
}

/** A term that is empty selects nothing: it stays so. */
function isNarrower(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  if (lists.every((list) => !old[list]?.length)) return deepEqual(term, old);
  return lists.every((list) => (old[list] ?? []).every((requirement, index) => deepEqual(requirement, term[list]?.[index])));
}
