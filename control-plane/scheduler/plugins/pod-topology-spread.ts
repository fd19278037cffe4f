import type { Pod, TopologySpreadConstraint } from '../../../api/core.ts';
import { matches, selectorFromLabelSelector, type Requirement } from '../../../api/labels.ts';
import { controllerOf } from '../../../api/meta.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { maximumScore, type ClusterView, type Failure, type FilterPlugin, type NodeFilter, type NodeScore, type ScorePlugin } from '../framework/interface.ts';
import { matchesNodeSelection } from './node-selection.ts';
import { tolerates } from './tolerations.ts';

const missingLabel: Failure = { reasons: ['node(s) didn\'t match pod topology spread constraints (missing required label)'], unresolvable: true };
const skewed: Failure = { reasons: ['node(s) didn\'t match pod topology spread constraints'], unresolvable: false };

const hostnameLabel = 'kubernetes.io/hostname';
const zoneLabel = 'topology.kubernetes.io/zone';

interface Constraint {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  /** Pods that are to be spread. */
  counts(pod: Pod): boolean;
  /** Nodes that count. */
  eligible(node: NodeInfo): boolean;
}

/** Fields newer than the types. */
type NewerConstraint = TopologySpreadConstraint & { matchLabelKeys?: string[]; nodeAffinityPolicy?: string; nodeTaintsPolicy?: string; minDomains?: number };

/**
 * spec.topologySpreadConstraints. A pod without any that belongs to a controller is spread over hosts and zones all the
 * same, as a preference. Follows plugins/podtopologyspread.
 */
export const podTopologySpread: FilterPlugin & ScorePlugin = {
  name: 'PodTopologySpread',
  events: ['nodeAdded', 'nodeChanged', 'podAdded', 'podRemoved'],

  prepareFilter(pod, cluster): NodeFilter | undefined {
    const constraints = constraintsOf(pod, 'DoNotSchedule');
    if (constraints.length === 0) return undefined;
    const prepared = constraints.map((constraint) => {
      const domains = countDomains(constraint, constraints, cluster);
      const fewest = domains.size < constraint.minDomains ? 0 : Math.min(...domains.values());
      return { constraint, domains, fewest, self: constraint.counts(pod) ? 1 : 0 };
    });
    return (node) => {
      for (const { constraint, domains, fewest, self } of prepared) {
        const domain = node.labels[constraint.topologyKey];
        if (domain === undefined) return missingLabel;
        if ((domains.get(domain) ?? 0) + self - fewest > constraint.maxSkew) return skewed;
      }
      return undefined;
    };
  },

  prepareScore(pod, feasible, cluster): NodeScore | undefined {
    const explicit = constraintsOf(pod, 'ScheduleAnyway');
    const constraints = explicit.length > 0 || pod.spec?.topologySpreadConstraints?.length ? explicit : defaultConstraints(pod);
    if (constraints.length === 0) return undefined;
    const prepared = constraints.map((constraint) => {
      const domains = countDomains(constraint, [constraint], cluster);
      const offered = new Set(feasible.map(({ labels }) => labels[constraint.topologyKey]).filter((domain) => domain !== undefined));
      // The more domains there are, the less one pod more in one of them is worth.
      return { constraint, domains, weight: Math.log(offered.size + 2) };
    });
    return {
      score: (node) => prepared.reduce((sum, { constraint, domains, weight }) => {
        const domain = node.labels[constraint.topologyKey];
        return domain === undefined ? sum : sum + (domains.get(domain) ?? 0) * weight + (constraint.maxSkew - 1);
      }, 0),
      normalize: fewestIsBest,
    };
  },
};

function constraintsOf(pod: Pod, when: 'DoNotSchedule' | 'ScheduleAnyway'): Constraint[] {
  return (pod.spec?.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
    .map((constraint) => explicitConstraint(constraint, pod));
}

function explicitConstraint(constraint: NewerConstraint, pod: Pod): Constraint {
  const own = (constraint.matchLabelKeys ?? []).flatMap((key): Requirement[] => {
    const value = pod.metadata?.labels?.[key];
    return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
  });
  const base = selectorFromLabelSelector(constraint.labelSelector);
  const selector = base && [...base, ...own];
  const honorAffinity = constraint.nodeAffinityPolicy !== 'Ignore';
  const honorTaints = constraint.nodeTaintsPolicy === 'Honor';
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    counts: (other) => selector !== undefined && countable(other, pod) && matches(selector, other.metadata?.labels),
    eligible: (node) => (!honorAffinity || matchesNodeSelection(pod, node)) && (!honorTaints || toleratesNode(pod, node)),
  };
}

/** The constraints that clusters have by default: maxSkew 3 over hosts, 5 over zones, among the pods of one owner. */
function defaultConstraints(pod: Pod): Constraint[] {
  const owner = controllerOf(pod)?.uid;
  if (owner === undefined) return [];
  return [{ topologyKey: hostnameLabel, maxSkew: 3 }, { topologyKey: zoneLabel, maxSkew: 5 }].map((constraint) => ({
    ...constraint, minDomains: 1,
    counts: (other) => countable(other, pod) && controllerOf(other)?.uid === owner,
    eligible: (node) => matchesNodeSelection(pod, node),
  }));
}

function countable(other: Pod, pod: Pod): boolean {
  return other.metadata?.namespace === pod.metadata?.namespace && !other.metadata?.deletionTimestamp;
}

function toleratesNode({ spec }: Pod, { node }: NodeInfo): boolean {
  return (node?.spec?.taints ?? []).every((taint) => taint.effect === 'PreferNoSchedule' || tolerates(spec?.tolerations ?? [], taint));
}

/** Domain → pods in it. Nodes without the label of every constraint do not count. */
function countDomains(constraint: Constraint, all: readonly Constraint[], { nodes }: ClusterView): Map<string, number> {
  const domains = new Map<string, number>();
  for (const node of nodes) {
    const domain = node.labels[constraint.topologyKey];
    if (domain === undefined || all.some(({ topologyKey }) => node.labels[topologyKey] === undefined) || !constraint.eligible(node)) continue;
    let count = domains.get(domain) ?? 0;
    for (const pod of node.pods()) if (constraint.counts(pod)) count += 1;
    domains.set(domain, count);
  }
  return domains;
}

function fewestIsBest(scores: number[]): void {
  const lowest = Math.min(...scores);
  const highest = Math.max(...scores);
  scores.forEach((score, index) => {
    scores[index] = highest === 0 ? maximumScore : Math.floor((maximumScore * (highest + lowest - score)) / highest);
  });
}
