import { normalizeByMaximum, type FilterPlugin, type ScorePlugin } from '../framework/interface.ts';
import { matchesNodeSelection, matchesTerm } from './node-selection.ts';

const name = 'NodeAffinity';

/** spec.nodeSelector and spec.affinity.nodeAffinity. */
export const nodeAffinity: FilterPlugin & ScorePlugin = {
  name,
  events: ['nodeAdded', 'nodeChanged'],
  prepareFilter: (pod) => {
    if (!pod.spec?.nodeSelector && !pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution) return undefined;
    return (node) => (matchesNodeSelection(pod, node) ? undefined : { reasons: ['node(s) didn\'t match Pod\'s node affinity/selector'], unresolvable: true });
  },
  prepareScore: ({ spec }) => {
    const preferred = spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (!preferred?.length) return undefined;
    return {
      score: (node) => preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0), 0),
      normalize: (scores) => normalizeByMaximum(scores, { reverse: false }),
    };
  },
};
