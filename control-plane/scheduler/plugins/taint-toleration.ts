import type { Taint } from '../../../api/core.ts';
import { normalizeByMaximum, type FilterPlugin, type ScorePlugin } from '../framework/interface.ts';
import { tolerates } from './tolerations.ts';

const name = 'TaintToleration';

/** NoSchedule and NoExecute taints keep away, PreferNoSchedule ones count against a node. */
export const taintToleration: FilterPlugin & ScorePlugin = {
  name,
  events: ['nodeAdded', 'nodeChanged'],
  prepareFilter: ({ spec }) => {
    const tolerations = spec?.tolerations ?? [];
    const repels = (taint: Taint): boolean => (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') && !tolerates(tolerations, taint);
    return ({ node }) => (node?.spec?.taints?.some(repels) ? { reasons: ['node(s) had untolerated taint(s)'], unresolvable: true } : undefined);
  },
  prepareScore: ({ spec }, feasible) => {
    if (!feasible.some(({ node }) => node?.spec?.taints?.some(({ effect }) => effect === 'PreferNoSchedule'))) return undefined;
    const tolerations = (spec?.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    return {
      score: ({ node }) => (node?.spec?.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(tolerations, taint)).length,
      normalize: (scores) => normalizeByMaximum(scores, { reverse: true }),
    };
  },
};
