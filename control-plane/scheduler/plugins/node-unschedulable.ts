import type { FilterPlugin } from '../framework/interface.ts';
import { tolerates } from './tolerations.ts';

/** spec.unschedulable: `kubectl cordon`. */
export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  events: ['nodeAdded', 'nodeChanged'],
  prepareFilter: ({ spec }) => {
    const tolerated = tolerates(spec?.tolerations ?? [], { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' });
    if (tolerated) return undefined;
    return ({ node }) => (node?.spec?.unschedulable ? { reasons: ['node(s) were unschedulable'], unresolvable: true } : undefined);
  },
};
