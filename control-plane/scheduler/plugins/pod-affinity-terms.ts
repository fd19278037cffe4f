/** Terms of pod (anti-)affinity, made ready to match. Follows framework.AffinityTerm. */
import type { Pod, PodAffinityTerm } from '../../../api/core.ts';
import { matches, selectorFromLabelSelector, type Requirement, type Selector } from '../../../api/labels.ts';
import type { ClusterView } from '../framework/interface.ts';

export interface AffinityTerm {
  topologyKey: string;
  matches(pod: Pod): boolean;
}

/** Fields newer than the types. */
type NewerTerm = PodAffinityTerm & { matchLabelKeys?: string[]; mismatchLabelKeys?: string[] };

/** @param owner the pod that has the term: its namespace is meant where the term names none. */
export function affinityTerm(term: PodAffinityTerm, owner: Pod, { namespaceLabels }: Pick<ClusterView, 'namespaceLabels'>): AffinityTerm {
  const selector = labelSelectorOf(term, owner);
  const namespaceSelector = selectorFromLabelSelector(term.namespaceSelector);
  const named = new Set(term.namespaces ?? []);
  if (named.size === 0 && !namespaceSelector) named.add(owner.metadata?.namespace ?? '');
  const inNamespace = (namespace: string): boolean => named.has(namespace)
    || (namespaceSelector !== undefined && matches(namespaceSelector, namespaceLabels(namespace)));
  return {
    topologyKey: term.topologyKey,
    matches: (pod) => selector !== undefined && inNamespace(pod.metadata?.namespace ?? '') && matches(selector, pod.metadata?.labels),
  };
}

/** matchLabelKeys and mismatchLabelKeys stand for the owner's own values. */
function labelSelectorOf(term: NewerTerm, owner: Pod): Selector | undefined {
  const selector = selectorFromLabelSelector(term.labelSelector);
  if (!selector) return undefined;
  const own = (keys: readonly string[] = [], operator: 'In' | 'NotIn'): Requirement[] => keys.flatMap((key) => {
    const value = owner.metadata?.labels?.[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
  return [...selector, ...own(term.matchLabelKeys, 'In'), ...own(term.mismatchLabelKeys, 'NotIn')];
}
