/**
 * Fields of a Service that follow from each other, from its type or from what it had before.
 * Follows pkg/registry/core/service: strategy (dropTypeDependentFields) and storage (normalizeClusterIPs,
 * patchAllocatedValues, initIPFamilyFields).
 */
import type { FieldError } from '../../../../api/errors.ts';
import type { ServiceSpec } from '../../../../api/core.ts';
import { deepEqual } from '../../deep-equal.ts';
import { isExternallyAccessible, isHeadless, needsClusterIP, needsHealthCheckNodePort, needsNodePorts, portsOf } from './service-needs.ts';

/** clusterIP is clusterIPs[0]; a client that knows only the former is understood. */
export function normalizeClusterIPs(spec: ServiceSpec, old?: ServiceSpec): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    else if (!spec.clusterIP && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0];
    return;
  }
  if ((spec.clusterIP ?? '') === (old.clusterIP ?? '')) return;
  const untouched = !spec.clusterIPs?.length || deepEqual(spec.clusterIPs, old.clusterIPs);
  if (!untouched) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

/** What the server chose stays, where the client leaves it out. */
export function keepAllocatedValues(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(spec) && needsClusterIP(old)) {
    spec.clusterIP ||= old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP) spec.clusterIPs = old.clusterIPs;
    spec.ipFamilies ??= old.ipFamilies;
    spec.ipFamilyPolicy ??= old.ipFamilyPolicy;
  }
  if (needsNodePorts(spec) && needsNodePorts(old)) keepNodePorts(spec, old);
  if (needsHealthCheckNodePort(spec) && needsHealthCheckNodePort(old)) spec.healthCheckNodePort ||= old.healthCheckNodePort;
}

function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const wanted = new Set(portsOf(spec).map((port) => port.nodePort));
  const byName = new Map(portsOf(old).map((port) => [port.name ?? '', port.nodePort]));
  for (const port of portsOf(spec)) {
    const before = byName.get(port.name ?? '');
    if (port.nodePort || !before || wanted.has(before)) continue;
    port.nodePort = before;
    wanted.add(before);
  }
}

type TypeDependentField = 'healthCheckNodePort' | 'allocateLoadBalancerNodePorts' | 'loadBalancerClass' | 'externalName'
  | 'externalTrafficPolicy' | 'internalTrafficPolicy';

/** A client that only changes the type does not have to clear what the new type does not have. */
export function dropTypeDependentFields(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(old) && !needsClusterIP(spec)) {
    const same = { addresses: sameAddresses(spec, old), families: deepEqual(spec.ipFamilies, old.ipFamilies), policy: spec.ipFamilyPolicy === old.ipFamilyPolicy };
    if (same.addresses) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (same.families) delete spec.ipFamilies;
    if (same.policy) delete spec.ipFamilyPolicy;
  }
  if (needsNodePorts(old) && !needsNodePorts(spec) && deepEqual(nodePortList(spec), nodePortList(old))) {
    for (const port of portsOf(spec)) delete port.nodePort;
  }
  const dropIfSame = (field: TypeDependentField, had: boolean, has: boolean): void => {
    if (had && !has && spec[field] === old[field]) Reflect.deleteProperty(spec, field);
  };
  dropIfSame('healthCheckNodePort', needsHealthCheckNodePort(old), needsHealthCheckNodePort(spec));
  dropIfSame('allocateLoadBalancerNodePorts', old.type === 'LoadBalancer', spec.type === 'LoadBalancer');
  dropIfSame('loadBalancerClass', old.type === 'LoadBalancer', spec.type === 'LoadBalancer');
  dropIfSame('externalName', old.type === 'ExternalName', spec.type === 'ExternalName');
  dropIfSame('externalTrafficPolicy', isExternallyAccessible(old), isExternallyAccessible(spec));
  dropIfSame('internalTrafficPolicy', needsClusterIP(old), needsClusterIP(spec));
}

function sameAddresses(spec: ServiceSpec, old: ServiceSpec): boolean {
  return (spec.clusterIP ?? '') === (old.clusterIP ?? '') && deepEqual(spec.clusterIPs ?? [], old.clusterIPs ?? []);
}

function nodePortList(spec: ServiceSpec): number[] {
  return portsOf(spec).map((port) => port.nodePort ?? 0);
}

/** This cluster has one family, IPv4. */
export function setIpFamilies(spec: ServiceSpec): void {
  if (!needsClusterIP(spec)) return;
  if (isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0) {
    // Its endpoints are written by hand, so both families are possible.
    spec.ipFamilyPolicy ??= 'RequireDualStack';
    spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : ['IPv4'];
    const first = spec.ipFamilies[0];
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') spec.ipFamilies = [first!, first === 'IPv4' ? 'IPv6' : 'IPv4'];
    return;
  }
  spec.ipFamilyPolicy ??= 'SingleStack';
  if (!spec.ipFamilies?.length) spec.ipFamilies = ['IPv4'];
}

export function validateIpFamilies(spec: ServiceSpec | undefined): FieldError[] {
  if (!spec || !needsClusterIP(spec) || (isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0)) return [];
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    errors.push({ reason: 'FieldValueInvalid', field: 'spec.ipFamilyPolicy', message: 'Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services' });
  }
  (spec.ipFamilies ?? []).forEach((family, index) => {
    if (family !== 'IPv6') return;
    errors.push({ reason: 'FieldValueInvalid', field: `spec.ipFamilies[${index}]`, message: 'Invalid value: "IPv6": not configured on this cluster' });
  });
  return errors;
}
