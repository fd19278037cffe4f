import type { FilterPlugin } from '../framework/interface.ts';

/** spec.nodeName, where the pod is not yet bound (it names a node by itself). */
export const nodeName: FilterPlugin = {
  name: 'NodeName',
  events: ['nodeAdded'],
  prepareFilter: ({ spec }) => (spec?.nodeName
    ? (node) => (node.name === spec.nodeName ? undefined : { reasons: ['node(s) didn\'t match the requested node name'], unresolvable: true })
    : undefined),
};
