/** Validation of Services, beyond metadata. Follows pkg/apis/core/validation. */
import type { Service, ServicePort, ServiceSpec } from '../../../../api/core.ts';
import { check, duplicate, forbidden, invalid, oneOf, oneOfIfSet, portNumber, required, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress, notSpecialAddress } from '../../validation/ip-addresses.ts';
import { dnsLabel, dnsSubdomain, portName, qualifiedName } from '../../validation/names.ts';
import { duplicates, validateLabels } from '../../validation/object-meta.ts';
import { isExternallyAccessible, isHeadless, needsClusterIP, needsHealthCheckNodePort } from './service-needs.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const affinities = ['ClientIP', 'None'];
const policies = ['Cluster', 'Local'];
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
        ...(spec.clusterIP ? [forbidden('spec.clusterIP', 'may not be set for ExternalName services')] : []),
        ...(spec.clusterIPs?.length ? [forbidden('spec.clusterIPs', 'may not be set for ExternalName services')] : []),
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
  return port.appProtocol ? [...errors, ...check(`${path}.appProtocol`, port.appProtocol, qualifiedName)] : errors;
}

function validateTargetPort(target: number | string | undefined, field: string): FieldError[] {
  if (typeof target === 'string') return check(field, target, portName);
  return portNumber(field, target);
}

function validateUniquePorts(ports: readonly ServicePort[]): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  ports.forEach(({ port, nodePort, protocol }, index) => {
    const shown = { protocol, port };
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

function validateClusterIPs({ clusterIP, clusterIPs = [], type }: ServiceSpec): FieldError[] {
  if (type === 'ExternalName') return [];
  const errors = clusterIP && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP
    ? [invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`')] : [];
  if (clusterIPs.length > 2) errors.push(invalid('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values'));
  clusterIPs.forEach((address, index) => {
    if (address === 'None') {
      if (clusterIPs.length > 1) errors.push(invalid('spec.clusterIPs[0]', clusterIPs, "'None' must be the first and only value"));
    } else {
      errors.push(...check(`spec.clusterIPs[${index}]`, address, ipAddress));
    }
  });
  return errors;
}

function validateTraffic(spec: ServiceSpec): FieldError[] {
  const external = isExternallyAccessible(spec);
  const errors = [
    ...oneOfIfSet('spec.externalTrafficPolicy', spec.externalTrafficPolicy || undefined, policies),
    ...oneOfIfSet('spec.internalTrafficPolicy', spec.internalTrafficPolicy, policies),
    ...(spec.externalIPs ?? []).flatMap((address, index) => {
      const problems = check(`spec.externalIPs[${index}]`, address, ipAddress);
      return problems.length > 0 ? problems : check(`spec.externalIPs[${index}]`, address, notSpecialAddress);
    }),
  ];
  if (spec.externalTrafficPolicy && !external) {
    errors.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'));
  }
  if (!spec.externalTrafficPolicy && external) errors.push(required('spec.externalTrafficPolicy'));
  if (spec.healthCheckNodePort && !needsHealthCheckNodePort(spec)) {
    errors.push(invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  }
  return errors;
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  return [...validateClusterIPUpdate(service.spec ?? {}, old.spec ?? {}), ...validateService(service)];
}

/** Who has learned the address of a Service keeps it, as long as the Service has one at all. */
function validateClusterIPUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (!needsClusterIP(spec) || !needsClusterIP(old) || (isHeadless(spec) && isHeadless(old))) return [];
  const { clusterIPs = [] } = spec;
  const { clusterIPs: before = [] } = old;
  if (before.length === 0) return [];
  if (clusterIPs.length === 0) return [invalid('spec.clusterIPs[0]', clusterIPs, 'primary clusterIP can not be unset')];
  const compared = clusterIPs.length === before.length ? before : before.slice(0, 1);
  const errors = compared.flatMap((address, index) => (address === clusterIPs[index] ? [] : [invalid(`spec.clusterIPs[${index}]`, clusterIPs, 'may not change once set')]));
  if (before.length > clusterIPs.length && spec.ipFamilyPolicy !== 'SingleStack') {
    errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP"));
  }
  return errors;
}
