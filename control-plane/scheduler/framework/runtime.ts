import type { Pod } from '../../../api/core.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { FitError, type NodeFailure } from './fit-error.ts';
import type { ClusterEvent, ClusterView, FilterPlugin, NodeFilter, ScorePlugin } from './interface.ts';

export interface Profile {
  /** Cheap ones first: the first refusal of a node ends its questioning. */
  filters: readonly FilterPlugin[];
  scores: readonly { plugin: ScorePlugin; weight: number }[];
}

/** Chooses a node for one pod. Pure but for `random`, which breaks ties. */
export class SchedulingRuntime {
  private readonly profile: Profile;
  private readonly random: () => number;

  constructor({ profile, random }: { profile: Profile; random: () => number }) {
    this.profile = profile;
    this.random = random;
  }

  schedule(pod: Pod, cluster: ClusterView): NodeInfo | FitError {
    const filters: { plugin: FilterPlugin; filter: NodeFilter }[] = [];
    for (const plugin of this.profile.filters) {
      const filter = plugin.prepareFilter(pod, cluster);
      if (filter) filters.push({ plugin, filter });
    }
    const feasible: NodeInfo[] = [];
    const failures: NodeFailure[] = [];
    const events = new Set<ClusterEvent>(['nodeAdded']);
    for (const node of cluster.nodes) {
      const refusal = firstRefusal(filters, node);
      if (!refusal) {
        feasible.push(node);
        continue;
      }
      failures.push(refusal.failure);
      for (const event of refusal.events) events.add(event);
    }
    if (feasible.length === 0) return new FitError({ nodeCount: cluster.nodes.length, failures, events });
    return feasible.length === 1 ? feasible[0]! : this.best(pod, feasible, cluster);
  }

  private best(pod: Pod, feasible: readonly NodeInfo[], cluster: ClusterView): NodeInfo {
    const totals = feasible.map(() => 0);
    for (const { plugin, weight } of this.profile.scores) {
      const scorer = plugin.prepareScore(pod, feasible, cluster);
      if (!scorer) continue;
      const scores = feasible.map((node) => scorer.score(node));
      scorer.normalize?.(scores);
      scores.forEach((score, index) => { totals[index]! += score * weight; });
    }
    const highest = Math.max(...totals);
    const winners = feasible.filter((_, index) => totals[index] === highest);
    return winners[Math.floor(this.random() * winners.length)]!;
  }
}

function firstRefusal(filters: readonly { plugin: FilterPlugin; filter: NodeFilter }[], node: NodeInfo): { failure: NodeFailure; events: readonly ClusterEvent[] } | undefined {
  for (const { plugin, filter } of filters) {
    const failure = filter(node);
    if (failure) return { failure: { ...failure, node: node.name, plugin: plugin.name }, events: plugin.events };
  }
  return undefined;
}
