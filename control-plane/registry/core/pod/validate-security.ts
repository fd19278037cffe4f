/** Security contexts of pods and containers. Follows pkg/apis/core/validation. */
import type { PodSecurityContext, PodSpec, SecurityContext } from './pod-parts.ts';
import { between, duplicate, forbidden, invalid, notSupported, required, supportedIfSet, tooLong, type FieldError } from '../../validation/field-errors.ts';
import { descendingPath } from './validate-volume-mounts.ts';

const ids = [0, 2 ** 31 - 1] as const;
const sysctlPattern = String.raw`^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`;
const sysctlName = new RegExp(sysctlPattern);

export function validatePodSecurity(spec: Partial<PodSpec>, path: string): FieldError[] {
  const context: PodSecurityContext = spec.securityContext ?? {};
  const place = `${path}.securityContext`;
  const errors = [
    ...between(`${place}.fsGroup`, context.fsGroup, ids),
    ...between(`${place}.runAsUser`, context.runAsUser, ids),
    ...between(`${place}.runAsGroup`, context.runAsGroup, ids),
    ...(context.supplementalGroups ?? []).flatMap((group, index) => between(`${place}.supplementalGroups[${index}]`, group, ids)),
    ...supportedIfSet(`${place}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...validateSeccomp(context.seccompProfile, `${place}.seccompProfile`),
    ...validateAppArmor(context.appArmorProfile, `${place}.appArmorProfile`),
    ...supportedIfSet(`${place}.supplementalGroupsPolicy`, (context as { supplementalGroupsPolicy?: string }).supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...validateHostUsers(spec, path),
    ...validateSysctls(context.sysctls ?? [], `${place}.sysctls`),
  ];
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(invalid(`${place}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  return errors;
}

/** Users of its own go with namespaces of its own only. */
function validateHostUsers({ hostUsers, hostNetwork, hostPID, hostIPC }: Partial<PodSpec>, path: string): FieldError[] {
  if (hostUsers !== false) return [];
  return Object.entries({ hostNetwork, HostPID: hostPID, HostIPC: hostIPC }).filter(([, shared]) => shared)
    .map(([field]) => forbidden(`${path}.${field}`, 'when `pod.Spec.HostUsers` is false'));
}

function validateSysctls(sysctls: readonly { name?: string }[], path: string): FieldError[] {
  const names = new Set<string>();
  return sysctls.flatMap(({ name }, index) => {
    const field = `${path}[${index}].name`;
    if (!name) return [required(field)];
    if (name.length > 253 || !sysctlName.test(name)) return [invalid(field, name, `must have at most 253 characters and match regex ${sysctlPattern}`)];
    if (names.has(name)) return [duplicate(field, name)];
    names.add(name);
    return [];
  });
}

interface Profile {
  type?: string;
  localhostProfile?: string;
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function validateProfileType(type: string | undefined, field: string, missing: string): FieldError[] {
  if (!type) return [required(field, missing)];
  return profileTypes.includes(type) ? [] : [notSupported(field, type, profileTypes)];
}

function validateSeccomp(profile: Profile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile: file } = profile;
  const field = `${path}.localhostProfile`;
  const errors = validateProfileType(type, `${path}.type`, 'type is required when seccompProfile is set');
  if (type !== 'Localhost') return file === undefined ? errors : [...errors, invalid(field, { Type: type ?? '', LocalhostProfile: file }, 'can only be set when seccomp type is Localhost')];
  return [...errors, ...(file === undefined ? [required(field, 'must be set when seccomp type is Localhost')] : descendingPath(field, file))];
}

/** PATH_MAX - 1. */
const longestProfile = 4095;

function validateAppArmor(profile: Profile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile: name } = profile;
  const field = `${path}.localhostProfile`;
  if (type !== 'Localhost') {
    const errors = validateProfileType(type, `${path}.type`, 'type is required when appArmorProfile is set');
    return errors.length > 0 || name === undefined ? errors : [invalid(field, name, 'can only be set when AppArmor type is Localhost')];
  }
  const long = Buffer.byteLength(name ?? '') > longestProfile ? [tooLong(field, longestProfile)] : [];
  if (name !== undefined && name.trim() !== name) return [invalid(field, name, 'must not be padded with whitespace'), ...long];
  return name ? long : [required(field, 'must be set when AppArmor type is Localhost')];
}

export function validateContainerSecurity(context: SecurityContext | undefined, path: string): FieldError[] {
  if (!context) return [];
  const errors = [
    ...between(`${path}.runAsUser`, context.runAsUser, ids),
    ...between(`${path}.runAsGroup`, context.runAsGroup, ids),
    ...supportedIfSet(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
  ];
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
    }
  }
  return errors;
}
