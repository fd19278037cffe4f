/** Security contexts of pods and containers. Follows pkg/apis/core/validation. */
import type { PodSecurityContext, PodSpec, SecurityContext } from './pod-parts.ts';
import { between, invalid, oneOf, oneOfIfSet, required, type FieldError } from '../../validation/field-errors.ts';

const ids = [0, 2 ** 31 - 1] as const;
const sysctlName = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;

export function validatePodSecurity(spec: Partial<PodSpec>, path: string): FieldError[] {
  const context: PodSecurityContext = spec.securityContext ?? {};
  const place = `${path}.securityContext`;
  const errors = [
    ...between(`${place}.fsGroup`, context.fsGroup, ids),
    ...between(`${place}.runAsUser`, context.runAsUser, ids),
    ...between(`${place}.runAsGroup`, context.runAsGroup, ids),
    ...(context.supplementalGroups ?? []).flatMap((group, index) => between(`${place}.supplementalGroups[${index}]`, group, ids)),
    ...oneOfIfSet(`${place}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...validateSeccomp(context.seccompProfile, `${place}.seccompProfile`),
    ...validateSysctls(context.sysctls ?? [], `${place}.sysctls`),
  ];
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  return errors;
}

function validateSysctls(sysctls: readonly { name?: string }[], path: string): FieldError[] {
  return sysctls.flatMap(({ name }, index) => {
    if (!name) return [required(`${path}[${index}].name`)];
    const fits = name.length <= 253 && sysctlName.test(name);
    return fits ? [] : [invalid(`${path}[${index}].name`, name, `must have at most 253 characters and match regex ${sysctlName.source}`)];
  });
}

function validateSeccomp(profile: { type?: string; localhostProfile?: string } | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const errors = oneOf(`${path}.type`, profile.type, ['Localhost', 'RuntimeDefault', 'Unconfined']);
  if (profile.type === 'Localhost' && !profile.localhostProfile) errors.push(required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost '));
  if (profile.type !== 'Localhost' && profile.localhostProfile) {
    errors.push(invalid(`${path}.localhostProfile`, profile.localhostProfile, 'can only be set when seccomp type is Localhost'));
  }
  return errors;
}

export function validateContainerSecurity(context: SecurityContext | undefined, path: string): FieldError[] {
  if (!context) return [];
  const errors = [
    ...between(`${path}.runAsUser`, context.runAsUser, ids),
    ...between(`${path}.runAsGroup`, context.runAsGroup, ids),
    ...oneOfIfSet(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
  ];
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
    }
  }
  return errors;
}
