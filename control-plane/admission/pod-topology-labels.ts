/** A pod carries the zone and the region of its node. Follows plugin/pkg/admission/podtopologylabels. */
import type { Binding, Pod } from '../../api/core.ts';
import { nodes, pods } from '../../api/resources.ts';
import type { AdmissionPlugin } from './admission.ts';
import type { AdmissionStore } from './admission-store.ts';

const topologyLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/** Of a binding, whose labels the pod gets, and of a pod that is made for a node. */
export function createPodTopologyLabels(store: AdmissionStore): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    admit({ operation, resource, subresource, object }) {
      if (operation !== 'CREATE' || resource !== pods || !object) return;
      const nodeName = subresource === undefined ? (object as Pod).spec?.nodeName : subresource === 'binding' ? targetOf(object as Binding) : undefined;
      const known = nodeName ? store.get(nodes, undefined, nodeName)?.metadata?.labels : undefined;
      if (!known) return;
      const metadata = (object.metadata ??= {});
      for (const key of topologyLabels) {
        if (known[key] !== undefined) metadata.labels = { ...metadata.labels, [key]: known[key] };
      }
    },
  };
}

function targetOf({ target }: Binding): string | undefined {
  return target.kind === 'Node' ? target.name : undefined;
}
