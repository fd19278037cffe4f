/** Validation of Services, beyond metadata. Follows pkg/apis/core/validation. */
import type { Service, ServicePort, ServiceSpec } from '../../../../api/core.ts';
import { check, duplicate, forbidden, invalid, oneOf, oneOfIfSet, portNumber, required, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress, notSpecialAddress } from '../../validation/ip-addresses.ts';
import { dnsLabel, dnsSubdomain, portName, qualifiedName } from '../../validation/names.ts';
import { duplicates, validateLabels } from '../../validation/object-meta.ts';
import { isExternallyAccessible, isHeadless, needsHealthCheckNodePort } from './service-needs.ts';
import { validateClusterIPs, validateClusterIPUpdate, validateFamiliesUpdate } from './validate-cluster-ips.ts';
import { validateClassUpdate, validateLoadBalancer } from './validate-load-balancer.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const affinities = ['ClientIP', 'None'];
const policies = ['Cluster', 'Local'];
const distributions = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
const notForExternalNames = 'may not be set for ExternalName services';
const maxAffinitySeconds = 86_400;

export function validateService(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const ports = spec.ports ?? [];
  return [
    ...(ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName' ? [required('spec.ports')] : []),
    ...validateTypeFields(spec, ports),
    ...ports.flatMap((port, index) => validatePort(port, `spec.ports[${index}]`, ports.length > 1)),
    ...duplicates(ports.map(({ name }) => name), (index) => `spec.ports[${index}].name`),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...validateSessionAffinity(spec),
    ...oneOf('spec.type', spec.type, types),
    ...validateClusterIPs(spec),
    ...validateUniquePorts(ports),
    ...validateLoadBalancer(service),
    ...validateTraffic(spec),
  ];
}

function validateTypeFields(spec: ServiceSpec, ports: readonly ServicePort[]): FieldError[] {
  switch (spec.type) {
    case 'LoadBalancer':
    case 'NodePort':
      return isHeadless(spec) ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`)] : [];
    case 'ExternalName':
      return [
        ...(spec.clusterIPs?.length ? [forbidden('spec.clusterIPs', notForExternalNames)] : []),
        ...(spec.ipFamilies?.length ? [forbidden('spec.ipFamilies', notForExternalNames)] : []),
        ...(spec.ipFamilyPolicy === undefined ? [] : [forbidden('spec.ipFamilyPolicy', notForExternalNames)]),
        ...validateExternalName(spec.externalName),
      ];
    case 'ClusterIP':
      return ports.flatMap(({ nodePort }, index) => (nodePort ? [forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'")] : []));
    default:
      return [];
  }
}

function validateExternalName(name: string | undefined): FieldError[] {
  return name ? check('spec.externalName', name.replace(/\.$/, ''), dnsSubdomain) : [required('spec.externalName')];
}

function validatePort(port: ServicePort, path: string, needsName: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) errors.push(...check(`${path}.name`, port.name, dnsLabel));
  else if (needsName) errors.push(required(`${path}.name`));
  errors.push(
    ...portNumber(`${path}.port`, port.port),
    ...oneOf(`${path}.protocol`, port.protocol, protocols),
    ...validateTargetPort(port.targetPort, `${path}.targetPort`),
  );
  if (port.nodePort) errors.push(...portNumber(`${path}.nodePort`, port.nodePort));
  return port.appProtocol === undefined ? errors : [...errors, ...check(`${path}.appProtocol`, port.appProtocol, qualifiedName)];
}

function validateTargetPort(target: number | string | undefined, field: string): FieldError[] {
  if (typeof target === 'string') return check(field, target, portName);
  return portNumber(field, target);
}

function validateUniquePorts(ports: readonly ServicePort[]): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  ports.forEach(({ port, nodePort, protocol }, index) => {
    // As Kubernetes shows it: the fields of its internal type.
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    for (const [key, field, value] of [[`${protocol}/${port}`, `spec.ports[${index}]`, shown], [`node/${protocol}/${nodePort}`, `spec.ports[${index}].nodePort`, nodePort]] as const) {
      if (value === undefined || value === 0) continue;
      if (seen.has(key)) errors.push(duplicate(field, value));
      seen.add(key);
    }
  });
  return errors;
}

function validateSessionAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const errors = oneOf('spec.sessionAffinity', sessionAffinity, affinities);
  const field = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'ClientIP') {
    const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
    if (seconds === undefined) errors.push(required(`${field}.clientIP.timeoutSeconds`));
    else if (seconds <= 0 || seconds > maxAffinitySeconds) {
      errors.push(invalid(`${field}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${maxAffinitySeconds}`));
    }
  } else if (sessionAffinity === 'None' && sessionAffinityConfig) {
    errors.push(forbidden(field, 'must not be set when session affinity is None'));
  }
  return errors;
}

function validateTraffic(spec: ServiceSpec): FieldError[] {
  const external = isExternallyAccessible(spec);
  const errors = [
    ...(external ? oneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, policies) : []),
    ...oneOfIfSet('spec.internalTrafficPolicy', spec.internalTrafficPolicy, policies),
    ...oneOfIfSet('spec.trafficDistribution', spec.trafficDistribution, distributions),
    ...(spec.externalIPs ?? []).flatMap((address, index) => {
      const problems = check(`spec.externalIPs[${index}]`, address, ipAddress);
      return problems.length > 0 ? problems : check(`spec.externalIPs[${index}]`, address, notSpecialAddress);
    }),
  ];
  if (spec.externalTrafficPolicy && !external) {
    errors.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'));
  }
  if (spec.healthCheckNodePort && !needsHealthCheckNodePort(spec)) {
    errors.push(invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  }
  return errors;
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const [spec, before] = [service.spec ?? {}, old.spec ?? {}];
  const isProbed = needsHealthCheckNodePort(spec) && needsHealthCheckNodePort(before);
  return [
    ...validateClusterIPUpdate(spec, before), ...validateFamiliesUpdate(spec, before), ...validateClassUpdate(spec, before),
    ...(isProbed && spec.healthCheckNodePort !== before.healthCheckNodePort ? [forbidden('spec.healthCheckNodePort', 'field is immutable')] : []),
    ...validateService(service),
  ];
}
