/** Fields that only pods of one operating system have. Follows pkg/apis/core/validation. */
import type { PodSpec, SecurityContext } from './pod-parts.ts';
import { forbidden, notSupported, required, type FieldError } from '../../validation/field-errors.ts';

const systems = ['linux', 'windows'];
const linuxPodFields = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'runAsUser', 'runAsGroup', 'supplementalGroups'] as const;
const linuxContainerFields = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const;

export function validateOperatingSystem(spec: Partial<PodSpec>, path: string): FieldError[] {
  if (!spec.os) return [];
  const { name } = spec.os;
  if (!name) return [required(`${path}.os.name`, 'cannot be empty')];
  if (!systems.includes(name)) return [notSupported(`${path}.os`, name, systems)];
  return name === 'linux' ? validateLinux(spec, path) : validateWindows(spec, path);
}

function validateLinux(spec: Partial<PodSpec>, path: string): FieldError[] {
  return [
    ...(spec.securityContext?.windowsOptions ? [forbidden(`${path}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod')] : []),
    ...containerContexts(spec, path).flatMap(([context, place]) => (context.windowsOptions ? [forbidden(`${place}.windowsOptions`, 'cannot be set for a linux pod')] : [])),
  ];
}

const notWindows = 'cannot be set for a windows pod';

function validateWindows(spec: Partial<PodSpec>, path: string): FieldError[] {
  const context = spec.securityContext ?? {};
  return [
    ...linuxPodFields.filter((field) => context[field] !== undefined).map((field) => forbidden(`${path}.securityContext.${field}`, notWindows)),
    ...(['hostPID', 'hostIPC', 'shareProcessNamespace'] as const).filter((field) => spec[field]).map((field) => forbidden(`${path}.${field === 'shareProcessNamespace' ? field : `securityContext.${field}`}`, notWindows)),
    ...containerContexts(spec, path).flatMap(([own, place]) => linuxContainerFields.filter((field) => own[field] !== undefined).map((field) => forbidden(`${place}.${field}`, notWindows))),
  ];
}

function containerContexts(spec: Partial<PodSpec>, path: string): [SecurityContext, string][] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const)
    .flatMap((list) => (spec[list] ?? []).map(({ securityContext = {} }, index): [SecurityContext, string] => [securityContext, `${path}.${list}[${index}].securityContext`]));
}
