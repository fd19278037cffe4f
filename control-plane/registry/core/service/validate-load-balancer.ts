/** What only Services of type LoadBalancer have. Follows pkg/apis/core/validation. */
import { isIP } from 'node:net';
import type { Service, ServiceSpec } from '../../../../api/core.ts';
import { check, forbidden, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { addressBlock, ipAddress } from '../../validation/ip-addresses.ts';
import { dnsSubdomain, qualifiedName } from '../../validation/names.ts';

const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const onlyLoadBalancers = "may only be used when `type` is 'LoadBalancer'";
const modes = ['Proxy', 'VIP'];

export function validateLoadBalancer({ metadata, spec = {} }: Service): FieldError[] {
  const isBalanced = spec.type === 'LoadBalancer';
  const { allocateLoadBalancerNodePorts: allocates, loadBalancerClass } = spec;
  return [
    ...validateSourceRanges(spec, metadata?.annotations?.[sourceRangesAnnotation], isBalanced),
    ...(allocates !== undefined && !isBalanced ? [forbidden('spec.allocateLoadBalancerNodePorts', onlyLoadBalancers)] : []),
    ...(loadBalancerClass === undefined ? [] : isBalanced ? check('spec.loadBalancerClass', loadBalancerClass, qualifiedName) : [forbidden('spec.loadBalancerClass', onlyLoadBalancers)]),
  ];
}

/** The field, or else the annotation that it was once. */
function validateSourceRanges({ loadBalancerSourceRanges: ranges = [] }: ServiceSpec, annotation: string | undefined, isBalanced: boolean): FieldError[] {
  if (ranges.length > 0) {
    // Kubernetes writes it so.
    const field = 'spec.LoadBalancerSourceRanges';
    return [...(isBalanced ? [] : [forbidden(field, onlyLoadBalancers)]), ...ranges.flatMap((range, index) => check(`${field}[${index}]`, range.trim(), addressBlock))];
  }
  if (annotation === undefined) return [];
  const field = `metadata.annotations[${sourceRangesAnnotation}]`;
  const listed = annotation.trim() === '' ? [] : annotation.trim().split(',');
  return [...(isBalanced ? [] : [forbidden(field, onlyLoadBalancers)]), ...listed.flatMap((range) => check(field, range.trim(), addressBlock))];
}

/** Another implementation cannot take over what one has built. */
export function validateClassUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const same = spec.type !== 'LoadBalancer' || old.type !== 'LoadBalancer' || spec.loadBalancerClass === old.loadBalancerClass;
  return same ? [] : [invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set')];
}

/** @see ValidateLoadBalancerStatus */
export function validateServiceStatusUpdate({ spec, status }: Service): FieldError[] {
  const path = 'status.loadBalancer.ingress';
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0 && spec?.type !== 'LoadBalancer') return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  return ingress.flatMap(({ ip, ipMode, hostname }, index) => [
    ...(ip ? check(`${path}[${index}].ip`, ip, ipAddress) : []),
    ...validateMode(ip, ipMode, `${path}[${index}].ipMode`),
    ...(hostname ? validateHostname(hostname, `${path}[${index}].hostname`) : []),
  ]);
}

function validateMode(ip: string | undefined, mode: string | undefined, field: string): FieldError[] {
  if (mode === undefined) return ip ? [required(field, 'must be specified when `ip` is set')] : [];
  if (!ip) return [forbidden(field, 'may not be specified when `ip` is not set')];
  return modes.includes(mode) ? [] : [notSupported(field, mode, modes)];
}

function validateHostname(name: string, field: string): FieldError[] {
  return [...check(field, name, dnsSubdomain), ...(isIP(name) === 0 ? [] : [invalid(field, name, 'must be a DNS name, not an IP address')])];
}
