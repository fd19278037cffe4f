/** A pod stays five minutes on a node that is not ready or unreachable. Follows plugin/pkg/admission/defaulttolerationseconds. */
import type { Pod, Toleration } from '../../api/core.ts';
import { pods } from '../../api/resources.ts';
import type { AdmissionPlugin } from './admission.ts';

const tolerationSeconds = 300;
const taintKeys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export function createDefaultTolerationSeconds(): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    admit({ operation, resource, subresource, object }) {
      if (operation === 'DELETE' || resource.plural !== pods.plural || subresource) return;
      const spec = (object as Pod).spec;
      if (!spec) return;
      for (const key of taintKeys) {
        if (spec.tolerations?.some((toleration) => coversNoExecute(toleration, key))) continue;
        spec.tolerations = [...spec.tolerations ?? [], { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }];
      }
    },
  };
}

function coversNoExecute(toleration: Toleration, key: string): boolean {
  return (toleration.key === key || !toleration.key) && (toleration.effect === 'NoExecute' || !toleration.effect);
}
