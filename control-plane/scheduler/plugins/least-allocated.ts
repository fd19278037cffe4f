import { podRequestsForScore } from '../cache/resource-amounts.ts';
import { maximumScore, type ScorePlugin } from '../framework/interface.ts';

/** Prefers nodes with more of their cpu and memory free. Follows noderesources/least_allocated.go. */
export const leastAllocated: ScorePlugin = {
  name: 'NodeResourcesFit',
  prepareScore: (pod) => {
    const requests = podRequestsForScore(pod);
    return {
      score: (node) => {
        const shares = ['cpu', 'memory'].map((resource) => {
          const allocatable = node.allocatable[resource] ?? 0;
          const requested = (node.requestedForScore[resource] ?? 0) + (requests[resource] ?? 0);
          return allocatable === 0 || requested > allocatable ? 0 : Math.floor(((allocatable - requested) * maximumScore) / allocatable);
        });
        return Math.floor((shares[0]! + shares[1]!) / 2);
      },
    };
  },
};
