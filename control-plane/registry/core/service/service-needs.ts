/** What a Service of a given type has. Follows pkg/registry/core/service/storage. */
import type { Service, ServicePort, ServiceSpec } from '../../../../api/core.ts';

export const headless = 'None';

export function needsClusterIP(spec: ServiceSpec | undefined): boolean {
  return spec !== undefined && spec.type !== 'ExternalName';
}

export function isHeadless(spec: ServiceSpec): boolean {
  return (spec.clusterIPs?.[0] ?? spec.clusterIP) === headless;
}

export function needsNodePorts(spec: ServiceSpec | undefined): boolean {
  return spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';
}

/** Whether traffic from outside the cluster can be meant for it: by its type or by its external addresses. */
export function isExternallyAccessible(spec: ServiceSpec | undefined): boolean {
  return needsNodePorts(spec) || (spec?.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
}

/** Whether ports without a node port get one. */
export function allocatesNodePorts(spec: ServiceSpec): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

export function needsHealthCheckNodePort(spec: ServiceSpec | undefined): boolean {
  return spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

export function portsOf(spec: ServiceSpec | undefined): ServicePort[] {
  return spec?.ports ?? [];
}

/** Every node port that the Service holds, the one for health checks included. */
export function nodePortsOf({ spec }: Service): Set<number> {
  const ports = portsOf(spec).map((port) => port.nodePort ?? 0);
  return new Set([...ports, spec?.healthCheckNodePort ?? 0].filter((port) => port !== 0));
}

/** The ClusterIPs that the Service holds, `None` not counted. */
export function clusterIPsOf({ spec }: Service): string[] {
  if (!needsClusterIP(spec)) return [];
  return (spec?.clusterIPs ?? []).filter((address) => address !== headless && address !== '');
}
