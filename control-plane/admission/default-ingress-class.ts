/** An Ingress that names no class gets the cluster's default. Follows plugin/pkg/admission/network/defaultingressclass. */
import type { Ingress } from '../../api/networking.ts';
import { ingressClasses, ingresses } from '../../api/resources.ts';
import type { AdmissionPlugin } from './admission.ts';
import type { AdmissionStore } from './admission-store.ts';
import { defaultOf } from './default-class.ts';

const annotations = ['ingressclass.kubernetes.io/is-default-class'];
const ingressAnnotation = 'kubernetes.io/ingress.class';

export function createDefaultIngressClass(store: AdmissionStore): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    admit({ operation, resource, subresource, object }) {
      if (operation !== 'CREATE' || resource !== ingresses || subresource) return;
      const ingress = object as Ingress;
      if (ingress.spec?.ingressClassName !== undefined || ingress.metadata?.annotations?.[ingressAnnotation] !== undefined) return;
      const found = defaultOf(store.list(ingressClasses), annotations);
      if (found?.metadata?.name) ingress.spec = { ...ingress.spec, ingressClassName: found.metadata.name };
    },
  };
}
