/** Node selector terms. Follows k8s.io/component-helpers/scheduling/corev1/nodeaffinity. */
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../../api/core.ts';
import { matches, selectorFromMap } from '../../../api/labels.ts';
import type { NodeInfo } from '../cache/node-info.ts';

/** spec.nodeSelector and required node affinity, both. */
export function matchesNodeSelection({ spec }: Pod, node: NodeInfo): boolean {
  if (!matches(selectorFromMap(spec?.nodeSelector), node.labels)) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || matchesSelector(required, node);
}

function matchesSelector({ nodeSelectorTerms }: NodeSelector, node: NodeInfo): boolean {
  return nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

/** A term without requirements matches nothing. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: NodeInfo): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return matchExpressions.every((requirement) => matchesRequirement(requirement, node.labels[requirement.key]))
    && matchFields.every((requirement) => matchesRequirement(requirement, requirement.key === 'metadata.name' ? node.name : undefined));
}

function matchesRequirement({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In': return value !== undefined && values.includes(value);
    case 'NotIn': return value === undefined || !values.includes(value);
    case 'Exists': return value !== undefined;
    case 'DoesNotExist': return value === undefined;
    case 'Gt': return isInteger(value) && isInteger(values[0]) && BigInt(value) > BigInt(values[0]);
    case 'Lt': return isInteger(value) && isInteger(values[0]) && BigInt(value) < BigInt(values[0]);
    default: return false;
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^-?\d+$/.test(text);
}
