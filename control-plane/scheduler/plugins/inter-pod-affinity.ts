import type { Pod, PodAffinityTerm } from '../../../api/core.ts';
import { requiredAntiAffinity, type NodeInfo } from '../cache/node-info.ts';
import { maximumScore, type ClusterView, type Failure, type FilterPlugin, type NodeFilter, type ScorePlugin } from '../framework/interface.ts';
import { affinityTerm, type AffinityTerm } from './pod-affinity-terms.ts';

const affinityFailure: Failure = { reasons: ['node(s) didn\'t match pod affinity rules'], unresolvable: true };
const antiAffinityFailure: Failure = { reasons: ['node(s) didn\'t match pod anti-affinity rules'], unresolvable: false };
const existingFailure: Failure = { reasons: ['node(s) didn\'t satisfy existing pods anti-affinity rules'], unresolvable: false };

/** `key=value` of a topology domain → something that counts. */
type Domains = Map<string, number>;

/** spec.affinity.podAffinity and podAntiAffinity, of the pod and of those that run. Follows plugins/interpodaffinity. */
export const interPodAffinity: FilterPlugin & ScorePlugin = {
  name: 'InterPodAffinity',
  events: ['nodeAdded', 'nodeChanged', 'podAdded', 'podRemoved'],

  prepareFilter(pod, cluster): NodeFilter | undefined {
    const terms = (raw: readonly PodAffinityTerm[] | undefined): AffinityTerm[] => (raw ?? []).map((term) => affinityTerm(term, pod, cluster));
    const wanted = terms(pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    const avoided = terms(requiredAntiAffinity(pod));
    const closed = domainsClosedToPod(pod, cluster);
    if (wanted.length === 0 && avoided.length === 0 && closed.size === 0) return undefined;
    // As in Kubernetes, an existing pod counts for affinity only when it matches every term.
    const allWanted = (other: Pod): boolean => wanted.every((term) => term.matches(other));
    const wantedDomains = wanted.map((term) => domainsOf(term, cluster, allWanted));
    const avoidedDomains = avoided.map((term) => domainsOf(term, cluster, (other) => term.matches(other)));
    // The first of a group that wants to be together may go anywhere.
    const first = wantedDomains.every((domains) => domains.size === 0) && allWanted(pod);
    return (node) => {
      for (const [index, { topologyKey }] of wanted.entries()) {
        const domain = domainOf(node, topologyKey);
        if (domain === undefined || (!first && !wantedDomains[index]!.has(domain))) return affinityFailure;
      }
      for (const [index, { topologyKey }] of avoided.entries()) {
        const domain = domainOf(node, topologyKey);
        if (domain !== undefined && avoidedDomains[index]!.has(domain)) return antiAffinityFailure;
      }
      for (const [key, value] of Object.entries(closed.size > 0 ? node.labels : {})) {
        if (closed.has(`${key}=${value}`)) return existingFailure;
      }
      return undefined;
    };
  },

  prepareScore(pod, _feasible, cluster) {
    const scores = preferredDomains(pod, cluster);
    if (scores.size === 0) return undefined;
    return {
      score: (node) => Object.entries(node.labels).reduce((sum, [key, value]) => sum + (scores.get(`${key}=${value}`) ?? 0), 0),
      normalize: spreadOverRange,
    };
  },
};

function domainOf({ labels }: NodeInfo, topologyKey: string): string | undefined {
  const value = labels[topologyKey];
  return value === undefined ? undefined : `${topologyKey}=${value}`;
}

function domainsOf({ topologyKey }: AffinityTerm, { nodes }: ClusterView, counts: (pod: Pod) => boolean): Domains {
  const domains: Domains = new Map();
  for (const node of nodes) {
    const domain = domainOf(node, topologyKey);
    if (domain === undefined) continue;
    for (const pod of node.pods()) if (counts(pod)) domains.set(domain, (domains.get(domain) ?? 0) + 1);
  }
  return domains;
}

/** Where running pods keep this one away. */
function domainsClosedToPod(pod: Pod, cluster: ClusterView): ReadonlySet<string> {
  const closed = new Set<string>();
  for (const node of cluster.nodes) {
    for (const other of node.antiAffinePods()) {
      for (const raw of requiredAntiAffinity(other)) {
        const domain = domainOf(node, raw.topologyKey);
        if (domain !== undefined && affinityTerm(raw, other, cluster).matches(pod)) closed.add(domain);
      }
    }
  }
  return closed;
}

/** Weight that the preferences of the pod, and those of running pods about it, give each domain. */
function preferredDomains(pod: Pod, cluster: ClusterView): Domains {
  const scores: Domains = new Map();
  const own = preferences(pod, cluster);
  for (const node of cluster.nodes) {
    // Looking at every pod of the cluster for every pod to place would make a thousand boards slow.
    for (const other of own.length > 0 ? node.pods() : []) {
      for (const { term, weight } of own) if (term.matches(other)) addTo(scores, domainOf(node, term.topologyKey), weight);
    }
    for (const other of node.affinePods()) {
      for (const { term, weight } of preferences(other, cluster)) if (term.matches(pod)) addTo(scores, domainOf(node, term.topologyKey), weight);
      // Required affinity of a running pod is a preference of weight 1 (hardPodAffinityWeight) the other way round.
      for (const raw of other.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        if (affinityTerm(raw, other, cluster).matches(pod)) addTo(scores, domainOf(node, raw.topologyKey), 1);
      }
    }
  }
  return scores;
}

function preferences(pod: Pod, cluster: ClusterView): { term: AffinityTerm; weight: number }[] {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const convert = (sign: 1 | -1) => ({ weight, podAffinityTerm }: { weight: number; podAffinityTerm: PodAffinityTerm }) => (
    { term: affinityTerm(podAffinityTerm, pod, cluster), weight: sign * weight });
  return [
    ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(convert(1)),
    ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(convert(-1)),
  ];
}

function addTo(scores: Domains, domain: string | undefined, weight: number): void {
  if (domain !== undefined) scores.set(domain, (scores.get(domain) ?? 0) + weight);
}

/** Lowest → 0, highest → maximumScore. */
function spreadOverRange(scores: number[]): void {
  const lowest = Math.min(...scores);
  const range = Math.max(...scores) - lowest;
  scores.forEach((score, index) => { scores[index] = range === 0 ? 0 : Math.floor((maximumScore * (score - lowest)) / range); });
}
