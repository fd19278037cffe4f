/**
 * The endpoints of a Service from the pods that its selector matches. Follows k8s.io/endpointslice.
 */
import type { Pod, Service, ServicePort } from '../../../api/core.ts';
import type { Endpoint, EndpointPort } from '../../../api/discovery.ts';
import { isPodReady, isPodTerminal, isPodTerminating } from '../pod-readiness.ts';

export type AddressType = 'IPv4' | 'IPv6';

/** Endpoints of one address family that all offer the same ports. */
export interface EndpointGroup {
  addressType: AddressType;
  ports: EndpointPort[];
  endpoints: Endpoint[];
}

export function addressTypeOf(address: string): AddressType {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** The families a Service speaks; IPv4 where it does not say. */
export function serviceAddressTypes(service: Service): AddressType[] {
  const families = service.spec?.ipFamilies ?? [];
  return families.length > 0 ? families.map((family) => (family === 'IPv6' ? 'IPv6' : 'IPv4')) : ['IPv4'];
}

export function podAddresses(pod: Pod, type: AddressType): string[] {
  const addresses = (pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  const all = addresses.length > 0 || !pod.status?.podIP ? addresses : [pod.status.podIP];
  return all.filter((address) => addressTypeOf(address) === type);
}

/** Finished pods serve nobody; terminating ones are shown as such until they are gone. */
export function isEndpointCandidate(pod: Pod): boolean {
  return !isPodTerminal(pod) && Boolean(pod.status?.podIP ?? pod.status?.podIPs?.[0]?.ip);
}

/** Whether a change of a pod can change any Service's endpoints; most status updates cannot. */
export function endpointRelevantChange(previous: Pod, current: Pod): boolean {
  const facts = (pod: Pod) => JSON.stringify([
    pod.status?.podIP, pod.status?.podIPs, isPodReady(pod), isPodTerminal(pod), isPodTerminating(pod), pod.metadata?.uid,
    pod.metadata?.labels, pod.spec?.nodeName, pod.spec?.hostname, pod.spec?.subdomain,
  ]);
  return facts(previous) !== facts(current);
}

/**
 * The port of the pod behind a Service port.
 * @returns undefined when targetPort is a name that no container of the pod has.
 */
export function resolveTargetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = (container.ports ?? []).find(({ name, protocol }) => name === target && (protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (found) return found.containerPort;
  }
  return undefined;
}

export function endpointPorts(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = resolveTargetPort(pod, port);
    if (number === undefined) return [];
    return [{ name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}) }];
  });
}

/** A pod's own DNS name counts only within the headless Service that it names as its subdomain. */
export function podHostname(service: Service, pod: Pod): { hostname?: string } {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname && subdomain === service.metadata?.name ? { hostname } : {};
}

export function podReference(pod: Pod): NonNullable<Endpoint['targetRef']> {
  const { name, namespace, uid } = pod.metadata ?? {};
  return { kind: 'Pod', ...(namespace ? { namespace } : {}), ...(name ? { name } : {}), ...(uid ? { uid } : {}) };
}

function podEndpoint(service: Service, pod: Pod, addresses: string[]): Endpoint {
  const serving = isPodReady(pod);
  const terminating = isPodTerminating(pod);
  return {
    addresses,
    conditions: { ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...podHostname(service, pod),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: podReference(pod),
  };
}

/** @param pods those that the Service's selector matches. */
export function groupEndpoints(service: Service, pods: readonly Pod[]): EndpointGroup[] {
  const groups = new Map<string, EndpointGroup>();
  for (const addressType of serviceAddressTypes(service)) {
    for (const pod of pods) {
      const addresses = podAddresses(pod, addressType);
      if (!isEndpointCandidate(pod) || addresses.length === 0) continue;
      const ports = endpointPorts(service, pod);
      const key = portSetKey(addressType, ports);
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] };
      group.endpoints.push(podEndpoint(service, pod, addresses));
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** Equal for port sets that are equal, whatever their order. */
export function portSetKey(addressType: string, ports: readonly EndpointPort[] | undefined): string {
  const texts = (ports ?? []).map(({ name, port, protocol, appProtocol }) => JSON.stringify([name ?? '', port ?? null, protocol ?? 'TCP', appProtocol ?? null]));
  return `${addressType}:${texts.sort().join(',')}`;
}
