/** Every pod runs as a service account, `default` where it names none. Follows plugin/pkg/admission/serviceaccount. */
import type { Pod } from '../../api/core.ts';
import { pods } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionPlugin } from './admission.ts';

/** A pod may be faster than the controller that makes a new namespace's `default` account: look this often. */
const attempts = 10;
const betweenAttemptsMs = 100;

/** The annotation of a pod that a board runs by itself and only shows here. */
const mirrorPodAnnotation = 'kubernetes.io/config.mirror';

export function createServiceAccountAdmission(options: {
  clock: Clock;
  exists: (namespace: string, name: string) => boolean;
}): AdmissionPlugin {
  const waitFor = async (namespace: string, name: string): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      if (options.exists(namespace, name)) return true;
      if (name !== 'default' || attempt === attempts) return false;
      await options.clock.sleep(betweenAttemptsMs);
    }
  };
  return {
    name: 'ServiceAccount',
    async admit(attributes) {
      const { operation, resource, subresource, namespace = '' } = attributes;
      if (operation !== 'CREATE' || resource.plural !== pods.plural || subresource) return;
      const pod = attributes.object as Pod;
      if (!pod.spec || pod.metadata?.annotations?.[mirrorPodAnnotation] !== undefined) return;
      const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || 'default';
      pod.spec.serviceAccountName = name;
      pod.spec.serviceAccount = name;
      if (options.exists(namespace, name) || await waitFor(namespace, name)) return;
      throw newAdmissionForbidden(attributes, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`);
    },
  };
}
