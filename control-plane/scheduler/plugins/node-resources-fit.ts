import { podRequests } from '../cache/resource-amounts.ts';
import type { FilterPlugin } from '../framework/interface.ts';

/** cpu, memory, ephemeral-storage, number of pods and extended resources. */
export const nodeResourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit',
  events: ['nodeAdded', 'nodeChanged', 'podRemoved'],
  prepareFilter: (pod) => {
    const requests = Object.entries(podRequests(pod)).filter(([, amount]) => amount > 0);
    return (node) => {
      const reasons: string[] = [];
      let unresolvable = false;
      if (node.podCount + 1 > (node.allocatable['pods'] ?? 0)) reasons.push('Too many pods');
      for (const [resource, amount] of requests) {
        const allocatable = node.allocatable[resource] ?? 0;
        if (amount <= allocatable - (node.requested[resource] ?? 0)) continue;
        reasons.push(`Insufficient ${resource}`);
        // Even an empty node would be too small.
        if (amount > allocatable) unresolvable = true;
      }
      return reasons.length > 0 ? { reasons, unresolvable } : undefined;
    };
  },
};
