/** The spec of a pod or pod template. Follows pkg/apis/core/validation. */
import type { PodDNSConfig, PodSpec } from './pod-parts.ts';
import { between, check, invalid, oneOf, required, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress } from '../../validation/ip-addresses.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../../validation/names.ts';
import { validateAllContainers } from './validate-containers.ts';
import { validateOperatingSystem } from './validate-operating-system.ts';
import { validateScheduling } from './validate-scheduling.ts';
import { validatePodSecurity } from './validate-security.ts';
import { validateVolumes } from './validate-volumes.ts';

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const dnsPolicies = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];

/** @param path of the spec: `spec`, or `spec.template.spec`. */
export function validatePodSpec(spec: Partial<PodSpec>, path: string): FieldError[] {
  const volumes = spec.volumes ?? [];
  return [
    ...validateVolumes(volumes, `${path}.volumes`),
    ...validateAllContainers(spec, path, { volumeNames: new Set(volumes.map(({ name }) => name)), hostNetwork: spec.hostNetwork === true }),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, restartPolicies),
    ...between(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, [1, 2 ** 31 - 1]),
    ...validateDns(spec, path),
    ...validateNames(spec, path),
    ...validatePodSecurity(spec, path),
    ...validateScheduling(spec, path),
    ...validateOperatingSystem(spec, path),
  ];
}

function validateNames(spec: Partial<PodSpec>, path: string): FieldError[] {
  const { serviceAccountName, hostname, subdomain, priorityClassName, runtimeClassName } = spec;
  return [
    ...(serviceAccountName ? check(`${path}.serviceAccountName`, serviceAccountName, dnsSubdomain) : []),
    ...(hostname ? check(`${path}.hostname`, hostname, dnsLabel) : []),
    ...(subdomain ? check(`${path}.subdomain`, subdomain, dnsLabel) : []),
    ...(priorityClassName ? check(`${path}.priorityClassName`, priorityClassName, dnsSubdomain) : []),
    ...(runtimeClassName ? check(`${path}.runtimeClassName`, runtimeClassName, dnsSubdomain) : []),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) => check(`${path}.readinessGates[${index}].conditionType`, conditionType, qualifiedName)),
    ...(spec.hostAliases ?? []).flatMap(({ ip = '', hostnames = [] }, index) => [
      ...check(`${path}.hostAliases[${index}].ip`, ip, ipAddress),
      ...hostnames.flatMap((name) => check(`${path}.hostAliases[${index}].hostnames`, name, dnsSubdomain)),
    ]),
  ];
}

function validateDns({ dnsPolicy, dnsConfig }: Partial<PodSpec>, path: string): FieldError[] {
  const errors = oneOf(`${path}.dnsPolicy`, dnsPolicy, dnsPolicies);
  if (dnsPolicy === 'None' && !dnsConfig?.nameservers?.length) {
    errors.push(required(`${path}.dnsConfig${dnsConfig ? '.nameservers' : ''}`, `must provide ${dnsConfig ? 'at least one DNS nameserver' : '`dnsConfig`'} when \`dnsPolicy\` is None`));
  }
  return dnsConfig ? [...errors, ...validateDnsConfig(dnsConfig, `${path}.dnsConfig`)] : errors;
}

function validateDnsConfig({ nameservers = [], searches = [], options = [] }: PodDNSConfig, path: string): FieldError[] {
  return [
    ...(nameservers.length > 3 ? [invalid(`${path}.nameservers`, nameservers, 'must not have more than 3 nameservers')] : []),
    ...nameservers.flatMap((address, index) => check(`${path}.nameservers[${index}]`, address, ipAddress)),
    ...(searches.length > 32 ? [invalid(`${path}.searches`, searches, 'must not have more than 32 search paths')] : []),
    ...searches.flatMap((search, index) => (search === '.' ? [] : check(`${path}.searches[${index}]`, search.replace(/\.$/, ''), dnsSubdomain))),
    ...options.flatMap(({ name }, index) => (name ? [] : [required(`${path}.options[${index}]`, 'must not be empty')])),
  ];
}
