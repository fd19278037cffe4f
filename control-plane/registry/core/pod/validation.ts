/** Validation of Pods, beyond metadata. Follows pkg/apis/core/validation: ValidatePodCreate, ValidatePodUpdate, ValidatePodStatusUpdate. */
import type { Pod, PodSpec, PodStatus } from '../../../../api/core.ts';
import { check, forbidden, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress } from '../../validation/ip-addresses.ts';
import { dnsSubdomain } from '../../validation/names.ts';
import { validatePodSpec } from './validate-pod-spec.ts';
import { validatePodSpecUpdate } from './validate-pod-spec-update.ts';

export function validatePod(pod: Pod): FieldError[] {
  const spec: Partial<PodSpec> = pod.spec ?? {};
  const errors = validatePodSpec(spec, 'spec');
  if (spec.ephemeralContainers?.length) errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && spec.schedulingGates?.length) {
    errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  return errors;
}

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  return validatePodSpecUpdate(pod.spec ?? {}, old.spec ?? {});
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { nominatedNodeName, podIPs = [] } = pod.status ?? {};
  return [
    ...(nominatedNodeName ? check('status.nominatedNodeName', nominatedNodeName, dnsSubdomain) : []),
    ...podIPs.flatMap(({ ip }, index) => check(`status.podIPs[${index}]`, ip ?? '', ipAddress)),
    ...validateTransitions(pod, old.status ?? {}),
  ];
}

/** A container that has ended for good does not run again. */
function validateTransitions(pod: Pod, old: PodStatus): FieldError[] {
  const restartPolicy = pod.spec?.restartPolicy;
  if (restartPolicy === 'Always') return [];
  return (old.containerStatuses ?? []).flatMap((before, index) => {
    const ended = before.state?.terminated;
    if (!ended || (ended.exitCode !== 0 && restartPolicy === 'OnFailure')) return [];
    const now = pod.status?.containerStatuses?.find(({ name }) => name === before.name);
    return now && !now.state?.terminated ? [forbidden(`status.containerStatuses[${index}].state`, 'may not be transitioned to non-terminated state')] : [];
  });
}
