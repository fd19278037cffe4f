/** The legacy Endpoints of a Service from its pods. Follows k8s.io/kubernetes/pkg/controller/endpoint. */
import type { EndpointAddress, EndpointSubset, Pod, Service } from '../../../api/core.ts';
import type { EndpointPort as DiscoveryPort } from '../../../api/discovery.ts';
import { endpointPorts, isEndpointCandidate, podAddresses, podHostname, podReference, portSetKey, serviceAddressTypes } from '../endpoint-slice/service-endpoints.ts';
import { isPodReady, isPodTerminating } from '../pod-readiness.ts';

/** More addresses are left out, and an annotation says so. */
const maxAddresses = 1000;

export interface SubsetResult {
  subsets: EndpointSubset[];
  /** Addresses were left out. */
  truncated: boolean;
}

/** One subset per set of ports, in a stable order: ports, then addresses. Only the Service's first family is shown. */
export function endpointSubsets(service: Service, pods: readonly Pod[]): SubsetResult {
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  const groups = new Map<string, Required<EndpointSubset>>();
  let count = 0;
  let truncated = false;
  for (const pod of [...pods].sort(readyFirst)) {
    const address = podAddresses(pod, serviceAddressTypes(service)[0] ?? 'IPv4')[0];
    if (!address || !isEndpointCandidate(pod) || (isPodTerminating(pod) && !publishAll)) continue;
    const ports = endpointPorts(service, pod);
    // A pod that offers none of the ports is no endpoint, except where a headless Service names none.
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    if (count >= maxAddresses) {
      truncated = true;
      break;
    }
    count += 1;
    const key = portSetKey('', ports);
    const group: Required<EndpointSubset> = groups.get(key) ?? { ports: ports.map(toEndpointPort), addresses: [], notReadyAddresses: [] };
    groups.set(key, group);
    (publishAll || isPodReady(pod) ? group.addresses : group.notReadyAddresses).push(endpointAddress(service, pod, address));
  }
  return { subsets: [...groups].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, group]) => compact(group)), truncated };
}

function toEndpointPort({ port, ...rest }: DiscoveryPort): NonNullable<EndpointSubset['ports']>[number] {
  return { ...rest, port: port ?? 0 };
}

function readyFirst(left: Pod, right: Pod): number {
  return Number(isPodReady(right)) - Number(isPodReady(left));
}

function endpointAddress(service: Service, pod: Pod, ip: string): EndpointAddress {
  return { ip, ...podHostname(service, pod), ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}), targetRef: podReference(pod) };
}

function compact({ ports, addresses, notReadyAddresses }: Required<EndpointSubset>): EndpointSubset {
  const sorted = (list: EndpointAddress[]) => list.sort((left, right) => (left.ip < right.ip ? -1 : 1));
  return {
    ...(addresses.length > 0 ? { addresses: sorted(addresses) } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses: sorted(notReadyAddresses) } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  };
}
