/** Types of the API group networking.k8s.io, version v1. */
export type {
  Ingress, IngressClass, IngressRule, IngressSpec, NetworkPolicy, NetworkPolicySpec,
} from 'kubernetes-types/networking/v1';
