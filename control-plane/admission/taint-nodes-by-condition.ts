/** A new node takes no pods until it is ready. Follows plugin/pkg/admission/nodetaint. */
import type { Node } from '../../api/core.ts';
import { nodes } from '../../api/resources.ts';
import type { AdmissionPlugin } from './admission.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export function createTaintNodesByCondition(): AdmissionPlugin {
  return {
    name: 'TaintNodesByCondition',
    admit({ operation, resource, subresource, object }) {
      if (operation !== 'CREATE' || resource.plural !== nodes.plural || subresource) return;
      const node = object as Node;
      const taints = node.spec?.taints ?? [];
      if (taints.some((taint) => taint.key === notReady.key && taint.effect === notReady.effect)) return;
      node.spec = { ...node.spec, taints: [...taints, { ...notReady }] };
    },
  };
}
