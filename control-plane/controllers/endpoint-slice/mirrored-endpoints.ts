/** The endpoint groups of an Endpoints object that somebody keeps by hand. Follows k8s.io/kubernetes/pkg/controller/endpointslicemirroring. */
import type { EndpointAddress, Endpoints } from '../../../api/core.ts';
import type { Endpoint } from '../../../api/discovery.ts';
import { addressTypeOf, portSetKey } from './service-endpoints.ts';
import type { EndpointGroup } from './service-endpoints.ts';

export const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';

/** Addresses of one subset that are mirrored. */
const maxAddressesPerSubset = 1000;

export function shouldMirror(endpoints: Endpoints): boolean {
  return endpoints.metadata?.labels?.[skipMirrorLabel] !== 'true' && endpoints.metadata?.annotations?.[leaderAnnotation] === undefined;
}

export function mirrorGroups(endpoints: Endpoints): EndpointGroup[] {
  const groups = new Map<string, EndpointGroup>();
  for (const subset of endpoints.subsets ?? []) {
    const ports = (subset.ports ?? []).map((port) => ({
      name: port.name ?? '', port: port.port, protocol: port.protocol ?? 'TCP', ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
    }));
    const addresses = [
      ...(subset.addresses ?? []).map((address) => ({ address, ready: true })),
      ...(subset.notReadyAddresses ?? []).map((address) => ({ address, ready: false })),
    ];
    for (const { address, ready } of addresses.slice(0, maxAddressesPerSubset)) {
      const addressType = addressTypeOf(address.ip);
      const key = portSetKey(addressType, ports);
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] };
      groups.set(key, group);
      // An address in two subsets with the same ports is one endpoint.
      if (!group.endpoints.some((endpoint) => endpoint.addresses[0] === address.ip)) group.endpoints.push(mirrored(address, ready));
    }
  }
  return [...groups.values()];
}

function mirrored({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}
