/** Validation of Ingresses, beyond metadata. Follows pkg/apis/networking/validation. */
import { isIP } from 'node:net';
import type {
  HTTPIngressPath, Ingress, IngressBackend, IngressLoadBalancerIngress, IngressRule, IngressSpec, IngressTLS,
} from '../../../../api/networking.ts';
import { wildcardSubdomain } from '../../validation/domain-names.ts';
import { check, invalid, notSupported, portNumber, required, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress } from '../../validation/ip-addresses.ts';
import { dns1035Label, dnsSubdomain, pathSegment, portName, type Rule } from '../../validation/names.ts';

export const ingressClassAnnotation = 'kubernetes.io/ingress.class';
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const forbiddenSequences = ['//', '/./', '/../', '%2f', '%2F'];
const forbiddenEndings = ['/..', '/.'];

export function validateIngress(ingress: Ingress): FieldError[] {
  const annotation = ingress.metadata?.annotations?.[ingressClassAnnotation];
  const className = ingress.spec?.ingressClassName;
  const errors = validateSpec(ingress.spec ?? {}, dnsSubdomain);
  if (annotation !== undefined && className !== undefined && annotation !== className) {
    errors.push(invalid(`annotations.${ingressClassAnnotation}`, annotation, 'must match `ingressClassName` when both are specified'));
  }
  return errors;
}

/** What was accepted before the rules got stricter is not refused now. */
export function validateIngressUpdate(ingress: Ingress, old: Ingress): FieldError[] {
  const hadOddSecret = (old.spec?.tls ?? []).some(({ secretName }) => secretName && dnsSubdomain(secretName).length > 0);
  return validateSpec(ingress.spec ?? {}, hadOddSecret ? () => [] : dnsSubdomain);
}

function validateSpec(spec: IngressSpec, secretName: Rule): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  return [
    ...(rules.length === 0 && !defaultBackend ? [invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified')] : []),
    ...(defaultBackend ? validateBackend(defaultBackend, 'spec.defaultBackend') : []),
    ...rules.flatMap((rule, index) => validateRule(rule, `spec.rules[${index}]`)),
    ...tls.flatMap((entry, index) => validateTls(entry, `spec.tls[${index}]`, secretName)),
    ...(ingressClassName === undefined ? [] : check('spec.ingressClassName', ingressClassName, dnsSubdomain)),
  ];
}

function hostName(host: string): string[] {
  return host.includes('*') ? wildcardSubdomain(host) : dnsSubdomain(host);
}

function validateTls({ hosts = [], secretName }: IngressTLS, path: string, rule: Rule): FieldError[] {
  return [
    ...hosts.flatMap((host, index) => check(`${path}.hosts[${index}]`, host, hostName)),
    ...(secretName ? check(`${path}.secretName`, secretName, rule) : []),
  ];
}

function validateRule({ host, http }: IngressRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (host) {
    if (isIP(host) !== 0) errors.push(invalid(`${path}.host`, host, 'must be a DNS name, not an IP address'));
    errors.push(...check(`${path}.host`, host, hostName));
  }
  if (!http) return errors;
  const paths: readonly Partial<HTTPIngressPath>[] = (http as Partial<typeof http>).paths ?? [];
  if (paths.length === 0) errors.push(required(`${path}.http.paths`));
  return [...errors, ...paths.flatMap((entry, index) => validatePath(entry, `${path}.http.paths[${index}]`))];
}

function validatePath({ path: value = '', pathType, backend = {} }: Partial<HTTPIngressPath>, path: string): FieldError[] {
  if (pathType === undefined) return [required(`${path}.pathType`, 'pathType must be specified')];
  return [...validatePathValue(value, pathType, path), ...validateBackend(backend, `${path}.backend`)];
}

function validatePathValue(value: string, pathType: string, path: string): FieldError[] {
  const relative = value.startsWith('/') ? [] : [invalid(`${path}.path`, value, 'must be an absolute path')];
  switch (pathType) {
    case 'Exact': case 'Prefix':
      return [
        ...relative,
        ...forbiddenSequences.filter((text) => value.includes(text)).map((text) => invalid(`${path}.path`, value, `must not contain '${text}'`)),
        ...forbiddenEndings.filter((text) => value.endsWith(text)).map((text) => invalid(`${path}.path`, value, `cannot end with '${text}'`)),
      ];
    case 'ImplementationSpecific': return value ? relative : [];
    default: return [notSupported(`${path}.pathType`, pathType, pathTypes)];
  }
}

function validateBackend({ resource, service }: IngressBackend, path: string): FieldError[] {
  if (resource && service) return [invalid(path, '', 'cannot set both resource and service backends')];
  if (resource) return validateReference(resource, `${path}.resource`);
  return service ? validateServiceBackend(service, path) : [invalid(path, '', 'resource or service backend is required')];
}

/** A reference to another object: group, kind and name. */
export function validateReference({ apiGroup, kind, name }: { apiGroup?: string; kind?: string; name?: string }, path: string): FieldError[] {
  return [
    ...(apiGroup === undefined ? [] : check(`${path}.apiGroup`, apiGroup, dnsSubdomain)),
    ...(kind ? check(`${path}.kind`, kind, pathSegment) : [required(`${path}.kind`, 'kind is required')]),
    ...(name ? check(`${path}.name`, name, pathSegment) : [required(`${path}.name`, 'name is required')]),
  ];
}

type ServiceBackend = Partial<NonNullable<IngressBackend['service']>>;

function validateServiceBackend({ name, port = {} }: ServiceBackend, path: string): FieldError[] {
  const errors = name ? check(`${path}.service.name`, name, dns1035Label) : [required(`${path}.service.name`)];
  if (port.name && port.number) return [...errors, invalid(path, '', 'cannot set both port name & port number')];
  if (port.name) return [...errors, ...check(`${path}.service.port.name`, port.name, portName)];
  if (port.number) return [...errors, ...portNumber(`${path}.service.port.number`, port.number)];
  return [...errors, required(path, 'port name or number is required')];
}

export function validateIngressStatusUpdate({ status }: Ingress, old: Ingress): FieldError[] {
  const before = new Set((old.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip));
  return (status?.loadBalancer?.ingress ?? []).flatMap((entry, index) => validateEntry(entry, `status.loadBalancer.ingress[${index}]`, before));
}

function validateEntry({ ip, hostname }: IngressLoadBalancerIngress, path: string, before: ReadonlySet<string | undefined>): FieldError[] {
  return [
    ...(ip && !before.has(ip) ? check(`${path}.ip`, ip, ipAddress) : []),
    ...(hostname ? check(`${path}.hostname`, hostname, dnsSubdomain) : []),
    ...(hostname && isIP(hostname) !== 0 ? [invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address')] : []),
  ];
}
