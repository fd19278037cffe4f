/** What is allowed in a Service and does nothing, or not for long. Follows pkg/api/service/warnings.go: wording and order. */
import { isIPv6 } from 'node:net';
import type { Service } from '../../../../api/core.ts';
import { isHeadless } from './service-needs.ts';

const hintsAnnotation = 'service.kubernetes.io/topology-aware-hints';
const modeAnnotation = 'service.kubernetes.io/topology-mode';

export function serviceWarnings({ metadata, spec = {} }: Service): string[] {
  const warnings = metadata?.annotations?.[hintsAnnotation] === undefined ? [] : [`annotation ${hintsAnnotation} is deprecated, please use ${modeAnnotation} instead`];
  if (isHeadless(spec)) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services');
    return warnings;
  }
  return [
    ...warnings,
    ...(spec.clusterIPs ?? []).flatMap((address, index) => addressWarnings(`spec.clusterIPs[${index}]`, address)),
    ...(spec.externalIPs ?? []).flatMap((address, index) => addressWarnings(`spec.externalIPs[${index}]`, address)),
    ...(spec.loadBalancerIP ? addressWarnings('spec.loadBalancerIP', spec.loadBalancerIP) : []),
  ];
}

/** Two spellings of one address are two addresses to who compares texts. */
function addressWarnings(field: string, address: string): string[] {
  if (!isIPv6(address)) return [];
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  // The URL has no dotted ends, as RFC 5952 wants them for addresses that stand for one of IPv4.
  return canonical === address || address.includes('.') ? [] : [`${field}: IPv6 address ${JSON.stringify(address)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`];
}
