/**
 * What a scheduler plugin is. Follows pkg/scheduler/framework, with closures where Kubernetes passes a CycleState: a plugin
 * prepares once per pod and gets back a function that is asked per node.
 */
import type { Pod } from '../../../api/core.ts';
import type { Labels } from '../../../api/labels.ts';
import type { NodeInfo } from '../cache/node-info.ts';

/** What can make an unschedulable pod schedulable. */
export type ClusterEvent = 'nodeAdded' | 'nodeChanged' | 'podAdded' | 'podRemoved';

/** The cluster during one scheduling cycle; a cycle is synchronous, so nothing moves meanwhile. */
export interface ClusterView {
  nodes: readonly NodeInfo[];
  /** Labels of a namespace, for namespaceSelector. */
  namespaceLabels(name: string): Labels | undefined;
}

/** Why a pod does not fit a node. */
export interface Failure {
  /** In Kubernetes' words; a node may fail a plugin for several. */
  reasons: readonly string[];
  /** True when removing pods from the node would not help: preemption need not look at it. */
  unresolvable: boolean;
}

export type NodeFilter = (node: NodeInfo) => Failure | undefined;

export interface FilterPlugin {
  readonly name: string;
  /** Events after which a pod that this plugin refused is worth another try. */
  readonly events: readonly ClusterEvent[];
  /** @returns undefined when the plugin has nothing to say about this pod. */
  prepareFilter(pod: Pod, cluster: ClusterView): NodeFilter | undefined;
}

export interface NodeScore {
  /** Any number; higher is better. */
  score(node: NodeInfo): number;
  /** Brings the scores of all feasible nodes into 0 .. maximumScore, in place. Default: they are already. */
  normalize?(scores: number[]): void;
}

export interface ScorePlugin {
  readonly name: string;
  prepareScore(pod: Pod, feasible: readonly NodeInfo[], cluster: ClusterView): NodeScore | undefined;
}

export const maximumScore = 100;

/** Scales to 0 .. maximumScore by the highest one. Follows helper.DefaultNormalizeScore. */
export function normalizeByMaximum(scores: number[], options: { reverse: boolean }): void {
  const highest = Math.max(0, ...scores);
  scores.forEach((score, index) => {
    const scaled = highest === 0 ? 0 : Math.floor((score * maximumScore) / highest);
    scores[index] = options.reverse ? maximumScore - scaled : scaled;
  });
}
