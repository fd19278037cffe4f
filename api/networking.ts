/** Types of the API group networking.k8s.io, version v1. */
import type { Condition } from 'kubernetes-types/meta/v1';
import type { KubernetesObject } from './meta.ts';

export type {
  HTTPIngressPath, Ingress, IngressBackend, IngressClass, IngressClassSpec, IngressLoadBalancerIngress, IngressRule, IngressSpec, IngressTLS,
  IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
} from 'kubernetes-types/networking/v1';

/** Who has an address. */
export interface ParentReference {
  group?: string;
  resource?: string;
  namespace?: string;
  name?: string;
}

/** Named by the address. The published types know only versions before v1. */
export interface IPAddress extends KubernetesObject {
  spec?: { parentRef?: ParentReference };
}

export interface ServiceCIDR extends KubernetesObject {
  spec?: { cidrs?: string[] };
  status?: { conditions?: Condition[] };
}
