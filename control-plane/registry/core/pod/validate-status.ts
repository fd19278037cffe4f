/** The status of a pod, as boards write it. Follows pkg/apis/core/validation: ValidatePodStatusUpdate. */
import { isIPv6 } from 'node:net';
import type { ContainerStatus, Pod } from '../../../../api/core.ts';
import { check, duplicate, forbidden, invalid, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress } from '../../validation/ip-addresses.ts';
import { dnsSubdomain, qualifiedName } from '../../validation/names.ts';

const ownConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { nominatedNodeName, conditions = [], podIPs = [], hostIPs = [], hostIP = '' } = pod.status ?? {};
  return [
    // Kubernetes places conditions there.
    ...conditions.flatMap(({ type }, index) => (ownConditions.has(type) ? [] : check(`metadata.conditions[${index}].Type`, type, qualifiedName))),
    ...(nominatedNodeName && nominatedNodeName !== old.status?.nominatedNodeName ? check('status.nominatedNodeName', nominatedNodeName, dnsSubdomain) : []),
    ...validateStates(pod, old),
    ...validateAddresses(podIPs, 'status.podIPs'),
    ...(hostIPs.length > 0 && hostIPs[0]!.ip !== hostIP ? [invalid('status.hostIPs[0].ip', hostIPs[0]!.ip ?? '', 'must be equal to `hostIP`')] : []),
    ...validateAddresses(hostIPs, 'status.hostIPs'),
  ];
}

function validateStates({ spec, status }: Pod, { status: old }: Pod): FieldError[] {
  const policy = spec?.restartPolicy;
  const sidecars = new Set((spec?.initContainers ?? []).filter((container) => (container as { restartPolicy?: string }).restartPolicy === 'Always').map(({ name }) => name));
  const inits = (old?.initContainerStatuses ?? []).map((before) => (sidecars.has(before.name) ? undefined : before));
  return [
    ...validateTransitions(old?.containerStatuses ?? [], status?.containerStatuses, 'status.containerStatuses', policy),
    ...validateTransitions(inits, status?.initContainerStatuses, 'status.initContainerStatuses', policy),
    ...validateTransitions(old?.ephemeralContainerStatuses ?? [], status?.ephemeralContainerStatuses, 'status.ephemeralContainerStatuses', 'Never'),
  ];
}

/** A container that has ended for good does not run again. */
function validateTransitions(old: readonly (ContainerStatus | undefined)[], now: readonly ContainerStatus[] | undefined, path: string, restartPolicy: string | undefined): FieldError[] {
  if (restartPolicy === 'Always') return [];
  return old.flatMap((before, index) => {
    const ended = before?.state?.terminated;
    if (!ended || (ended.exitCode !== 0 && restartPolicy === 'OnFailure')) return [];
    const runs = now?.some(({ name, state }) => name === before.name && !state?.terminated);
    return runs ? [forbidden(`${path}[${index}].state`, 'may not be transitioned to non-terminated state')] : [];
  });
}

/** At most one of each family. */
function validateAddresses(list: readonly { ip?: string }[], path: string): FieldError[] {
  const addresses = list.map(({ ip = '' }) => ip);
  const errors = addresses.flatMap((address, index) => check(`${path}[${index}]`, address, ipAddress));
  if (addresses.length < 2 || errors.length > 0) return errors;
  const mixed = addresses.length === 2 && isIPv6(addresses[0]!) !== isIPv6(addresses[1]!);
  return [
    ...(mixed ? [] : [invalid(path, list, 'may specify no more than one IP for each IP family')]),
    ...list.flatMap((entry, index) => (addresses.indexOf(addresses[index]!) < index ? [duplicate(`${path}[${index}]`, { IP: entry.ip })] : [])),
  ];
}
