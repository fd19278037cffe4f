/** The spec of a pod or pod template. Follows pkg/apis/core/validation. */
import type { PodDNSConfig, PodSpec } from './pod-parts.ts';
import { between, check, invalid, oneOf, oneOfIfSet, required, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress } from '../../validation/ip-addresses.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../../validation/names.ts';
import { contextOf, validateAllContainers } from './validate-containers.ts';
import { validateOperatingSystem } from './validate-operating-system.ts';
import { validateResourceClaims } from './validate-resource-claims.ts';
import { validateResources } from './validate-resources.ts';
import { validateScheduling } from './validate-scheduling.ts';
import { validatePodSecurity } from './validate-security.ts';
import { validateVolumes } from './validate-volumes.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const longestSearchList = 2048;

/** @param path of the spec: `spec`, or `spec.template.spec`. */
export function validatePodSpec(spec: Partial<PodSpec>, path: string): FieldError[] {
  const volumeErrors = validateVolumes(spec.volumes ?? [], `${path}.volumes`);
  return [
    ...volumeErrors,
    ...validateResourceClaims(spec.resourceClaims ?? [], `${path}.resourceClaims`),
    ...validateAllContainers(spec, path, contextOf(spec, volumeErrors, `${path}.volumes`)),
    ...validateHostNetwork(spec, path),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, restartPolicies),
    ...between(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, [1, 2 ** 31 - 1]),
    ...validateDns(spec, path),
    ...validateNames(spec, path),
    ...validatePodSecurity(spec, path),
    ...validateScheduling(spec, path),
    ...validateOperatingSystem(spec, path),
  ];
}

/** The ports of a pod on the board's network are the board's; a template leaves them to the pods. */
function validateHostNetwork({ hostNetwork, containers = [] }: Partial<PodSpec>, path: string): FieldError[] {
  if (!hostNetwork) return [];
  const isPod = path === 'spec';
  return containers.flatMap(({ ports = [] }, index) => ports.flatMap(({ containerPort, hostPort = 0 }, port) => {
    const fits = hostPort === (containerPort || 0) || (!isPod && hostPort === 0);
    return fits ? [] : [invalid(`${path}.containers[${index}].ports[${port}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true')];
  }));
}

function validateNames(spec: Partial<PodSpec>, path: string): FieldError[] {
  const { serviceAccountName, hostname, subdomain, priorityClassName, runtimeClassName } = spec;
  return [
    ...(serviceAccountName ? check(`${path}.serviceAccountName`, serviceAccountName, dnsSubdomain) : []),
    ...(hostname ? check(`${path}.hostname`, hostname, dnsLabel) : []),
    ...(subdomain ? check(`${path}.subdomain`, subdomain, dnsLabel) : []),
    ...(priorityClassName ? check(`${path}.priorityClassName`, priorityClassName, dnsSubdomain) : []),
    ...(runtimeClassName === undefined ? [] : check(`${path}.runtimeClassName`, runtimeClassName, dnsSubdomain)),
    ...oneOfIfSet(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']),
    ...(spec.overhead ? validateResources({ limits: spec.overhead }, `${path}.overhead`) : []),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) => check(`${path}.readinessGates[${index}].conditionType`, conditionType, qualifiedName)),
    ...(spec.hostAliases ?? []).flatMap(({ ip = '', hostnames = [] }, index) => [
      ...check(`${path}.hostAliases[${index}].ip`, ip, ipAddress),
      ...hostnames.flatMap((name, number) => check(`${path}.hostAliases[${index}].hostnames[${number}]`, name, dnsSubdomain)),
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
    ...(searches.join(' ').length > longestSearchList ? [invalid(`${path}.searches`, searches, `must not have more than ${longestSearchList} characters (including spaces) in the search list`)] : []),
    ...searches.flatMap((search, index) => (search === '.' ? [] : check(`${path}.searches[${index}]`, search.replace(/\.$/, ''), searchDomain))),
    ...options.flatMap(({ name }, index) => (name ? [] : [required(`${path}.options[${index}]`, 'must not be empty')])),
  ];
}

/** Names of services (`_tcp`) are domains to look in, too. */
function searchDomain(text: string): string[] {
  return dnsSubdomain(text.replaceAll('_', 'a'));
}
