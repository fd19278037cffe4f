/**
 * Services and EndpointSlices → what to listen on and where to send it: a pure function, run again at every change.
 * Follows the rules of kube-proxy (pkg/proxy): which endpoints are used, traffic policies, session affinity.
 */
import type { Service, ServicePort } from '../api/core.ts';
import type { Endpoint, EndpointSlice } from '../api/discovery.ts';

export interface Backend {
  ip: string;
  port: number;
}

export interface Listener {
  /** ClusterIP, or undefined: every address of the board (NodePort). */
  ip: string | undefined;
  port: number;
}

/** One port of one Service on one listener. */
export interface Portal {
  /** `tcp 10.43.0.10:80`; unique. */
  key: string;
  /** `namespace/name:port` for logs. */
  service: string;
  protocol: 'TCP' | 'UDP';
  listener: Listener;
  /** Sorted, without repeats. Never empty: a Service without endpoints has no portal, so connections are refused. */
  backends: readonly Backend[];
  /** Keeps a client on one backend; undefined: round robin. */
  affinitySeconds: number | undefined;
}

export interface PlanInput {
  services: readonly Service[];
  endpointSlices: readonly EndpointSlice[];
  /** This board, for traffic policy Local. */
  boardName: string;
  /** Addresses that are served by someone else here (cluster DNS). */
  reservedAddresses: readonly string[];
}

export function planPortals(input: PlanInput): Portal[] {
  const slicesOf = slicesByService(input.endpointSlices);
  const portals = new Map<string, Portal>();
  for (const service of input.services) {
    if (service.spec?.type === 'ExternalName') continue;
    const name = `${service.metadata?.namespace}/${service.metadata?.name}`;
    for (const port of service.spec?.ports ?? []) {
      for (const portal of portalsOf(service, name, port, slicesOf.get(name) ?? [], input)) {
        // Two Services can name the same external address: the first by name wins, always the same one.
        if (!portals.has(portal.key)) portals.set(portal.key, portal);
      }
    }
  }
  return [...portals.values()];
}

/** IPv4 slices by `namespace/name` of their Service. */
export function slicesByService(slices: readonly EndpointSlice[]): Map<string, EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const name = `${slice.metadata?.namespace}/${slice.metadata?.labels?.['kubernetes.io/service-name']}`;
    const group = groups.get(name);
    if (group) group.push(slice);
    else groups.set(name, [slice]);
  }
  return groups;
}

function portalsOf(service: Service, name: string, port: ServicePort, slices: readonly EndpointSlice[], input: PlanInput): Portal[] {
  const protocol = port.protocol ?? 'TCP';
  if (protocol !== 'TCP' && protocol !== 'UDP') return [];
  const spec = service.spec ?? {};
  const clientIP = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  const affinitySeconds = spec.sessionAffinity === 'ClientIP' ? clientIP : undefined;
  const make = (listener: Listener, localOnly: boolean): Portal[] => {
    const backends = backendsOf(slices, port, localOnly ? input.boardName : undefined);
    if (backends.length === 0) return [];
    const key = `${protocol.toLowerCase()} ${listener.ip ?? '*'}:${listener.port}`;
    return [{ key, service: `${name}:${port.name ?? port.port}`, protocol, listener, backends, affinitySeconds }];
  };
  const clusterIPs = (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []))
    .filter((ip) => ip !== 'None' && ip.includes('.') && !input.reservedAddresses.includes(ip));
  const internalLocal = spec.internalTrafficPolicy === 'Local';
  const externalLocal = spec.externalTrafficPolicy === 'Local';
  return [
    ...clusterIPs.flatMap((ip) => make({ ip, port: port.port }, internalLocal)),
    ...(port.nodePort ? make({ ip: undefined, port: port.nodePort }, externalLocal) : []),
  ];
}

/** Ready endpoints; where none is ready, those that still serve while they terminate. */
function backendsOf(slices: readonly EndpointSlice[], port: ServicePort, localTo: string | undefined): Backend[] {
  const candidates = slices.flatMap((slice) => {
    const number = slice.ports?.find((candidate) => (candidate.name ?? '') === (port.name ?? '') && (candidate.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))?.port;
    if (number === undefined) return [];
    return slice.endpoints
      .filter((endpoint) => localTo === undefined || endpoint.nodeName === localTo)
      .flatMap((endpoint) => endpoint.addresses.map((ip) => ({ endpoint, backend: { ip, port: number } })));
  });
  const ready = candidates.filter(({ endpoint }) => isReady(endpoint));
  const usable = ready.length > 0 ? ready : candidates.filter(({ endpoint }) => endpoint.conditions?.terminating === true && endpoint.conditions.serving !== false);
  const unique = new Map(usable.map(({ backend }) => [`${backend.ip}:${backend.port}`, backend]));
  return [...unique.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, backend]) => backend);
}

/** Unset means true, as the EndpointSlice API says. */
function isReady(endpoint: Endpoint): boolean {
  return endpoint.conditions?.ready !== false;
}
