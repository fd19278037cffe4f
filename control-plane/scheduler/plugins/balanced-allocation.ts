import { podRequests } from '../cache/resource-amounts.ts';
import { maximumScore, type ScorePlugin } from '../framework/interface.ts';

/** Prefers nodes whose cpu and memory would be used up evenly. Follows noderesources/balanced_allocation.go. */
export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  prepareScore: (pod) => {
    const requests = podRequests(pod);
    if (!requests['cpu'] && !requests['memory']) return undefined;
    return {
      score: (node) => {
        const fraction = (resource: string): number => {
          const allocatable = node.allocatable[resource] ?? 0;
          return allocatable === 0 ? 1 : Math.min(1, ((node.requested[resource] ?? 0) + (requests[resource] ?? 0)) / allocatable);
        };
        // The standard deviation of two values is half their distance.
        return Math.floor((1 - Math.abs(fraction('cpu') - fraction('memory')) / 2) * maximumScore);
      },
    };
  },
};
