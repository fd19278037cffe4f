/** Types of the API group networking.k8s.io, version v1. */
export type {
  HTTPIngressPath, Ingress, IngressBackend, IngressClass, IngressClassSpec, IngressLoadBalancerIngress, IngressRule, IngressSpec, IngressTLS,
  IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
} from 'kubernetes-types/networking/v1';
