/** NetworkPolicies. Follows pkg/registry/networking/networkpolicy and the defaults of pkg/apis/networking/v1. */
import type { NetworkPolicy, NetworkPolicySpec } from '../../../../api/networking.ts';
import { networkPolicies } from '../../../../api/resources.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { validateNetworkPolicy, validateNetworkPolicyUpdate } from './validation.ts';

export const networkPolicyStrategy: Strategy<NetworkPolicy> = {
  ...plainStrategy,
  resource: networkPolicies,
  defaults: defaultNetworkPolicy,
  validate: validateNetworkPolicy,
  validateUpdate: validateNetworkPolicyUpdate,
  generationChanged: (policy, old) => !deepEqual(policy.spec, old.spec),
};

export function defaultNetworkPolicy(policy: NetworkPolicy): void {
  // The selector of all pods of the namespace: a policy always shows it.
  const spec: Partial<NetworkPolicySpec> = policy.spec ??= { podSelector: {} };
  spec.podSelector ??= {};
  const { ingress = [], egress = [] } = spec;
  for (const { ports = [] } of [...ingress, ...egress]) for (const port of ports) port.protocol ??= 'TCP';
  if (!spec.policyTypes?.length) spec.policyTypes = egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}
