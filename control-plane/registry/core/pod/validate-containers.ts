/** Containers of all sorts. Follows pkg/apis/core/validation. */
import type { Container, ContainerPort, EphemeralContainer, PodSpec } from './pod-parts.ts';
import { check, duplicate, forbidden, invalid, notFound, oneOf, oneOfIfSet, portNumber, required, type FieldError } from '../../validation/field-errors.ts';
import { dnsLabel, portName } from '../../validation/names.ts';
import { duplicates } from '../../validation/object-meta.ts';
import { validateEnvironment } from './validate-environment.ts';
import { validateLifecycle, validateProbes } from './validate-probes.ts';
import { validateResizePolicy } from './validate-resize-policy.ts';
import { validateClaimNames } from './validate-resource-claims.ts';
import { validateResources } from './validate-resources.ts';
import { validateContainerSecurity } from './validate-security.ts';
import { validateVolumeDevices } from './validate-volume-devices.ts';
import { validateVolumeMounts } from './validate-volume-mounts.ts';

/** What containers are checked against. */
export interface ContainerContext {
  /** By name; true for those that can be a device: claims, of their own or of the pod's. */
  volumes: ReadonlyMap<string, boolean>;
  claimNames: ReadonlySet<string>;
  restartPolicy: string | undefined;
  /** Seconds that the pod gets to end in. */
  gracePeriod: number | undefined;
}

/** @param problems with the volumes at `path`: one that is wrong is as good as none. */
export function contextOf(spec: Partial<PodSpec>, problems: readonly FieldError[] = [], path = ''): ContainerContext {
  const sound = (spec.volumes ?? []).filter((_, index) => !problems.some(({ field }) => field === `${path}[${index}]` || field.startsWith(`${path}[${index}].`)));
  return {
    volumes: new Map(sound.map((volume) => [volume.name, Boolean(volume.persistentVolumeClaim ?? volume.ephemeral)])),
    claimNames: new Set((spec.resourceClaims ?? []).map(({ name }) => name)),
    restartPolicy: spec.restartPolicy,
    gracePeriod: spec.terminationGracePeriodSeconds,
  };
}

const protocols = ['SCTP', 'TCP', 'UDP'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const withoutRestart = 'may not be set for init containers without restartPolicy=Always';

/** All lists of a pod's containers. */
export function validateAllContainers(spec: Partial<PodSpec>, path: string, context: ContainerContext): FieldError[] {
  const { containers = [], initContainers = [] } = spec;
  return [
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...containers.flatMap((container, index) => validateAppContainer(container, `${path}.containers[${index}]`, context)),
    ...duplicates(containers.map(({ name }) => name), (index) => `${path}.containers[${index}].name`),
    ...initContainers.flatMap((container, index) => validateInitContainer(container, `${path}.initContainers[${index}]`, context)),
    ...duplicates([...containers, ...initContainers].map(({ name }) => name), (index) => `${path}.initContainers[${index - containers.length}].name`)
      .filter(({ field }) => !field.includes('[-')),
    ...validateEphemeralContainers(spec, path, context),
    ...validateHostPorts(containers, `${path}.containers`),
  ];
}

function validateAppContainer(container: Container, path: string, context: ContainerContext): FieldError[] {
  return [
    ...validateContainer(container, path, context),
    ...(container.restartPolicy ? [forbidden(`${path}.restartPolicy`, 'may not be set for non-init containers')] : []),
    ...validateLifecycle(container.lifecycle, `${path}.lifecycle`, context.gracePeriod),
    ...validateProbes(container, path),
  ];
}

function validateInitContainer(container: Container, path: string, context: ContainerContext): FieldError[] {
  const errors = validateContainer(container, path, context);
  if (container.restartPolicy !== undefined) errors.push(...oneOf(`${path}.restartPolicy`, container.restartPolicy, ['Always']));
  if (container.restartPolicy === 'Always') return [...errors, ...validateLifecycle(container.lifecycle, `${path}.lifecycle`, context.gracePeriod), ...validateProbes(container, path)];
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    if (container[field]) errors.push(forbidden(`${path}.${field}`, withoutRestart));
  }
  return errors;
}

/** Fields of containers that those for a while do not have: nothing relies on them. */
const lastingFields = ['ports', 'resources', 'resizePolicy', 'restartPolicy', 'restartPolicyRules', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'];
const notEphemeral = 'cannot be set for an Ephemeral Container';

/** Names are unique among all containers of the pod, and a target is one of the others. */
export function validateEphemeralContainers(spec: Partial<PodSpec>, path: string, context: ContainerContext): FieldError[] {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap((container, index) => {
    const place = `${path}.ephemeralContainers[${index}]`;
    const { name, targetContainerName: target } = container;
    const repeated = names.has(name);
    names.add(name);
    return [
      ...validateContainer(container, place, context),
      ...(repeated ? [duplicate(`${place}.name`, name)] : []),
      ...(target && !others.has(target) ? [notFound(`${place}.targetContainerName`, target)] : []),
      ...lastingFields.filter((field) => isSet((container as unknown as Record<string, unknown>)[field])).map((field) => forbidden(`${place}.${field}`, notEphemeral)),
      ...validateWholeMounts(container, place),
    ];
  });
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== '' && (typeof value !== 'object' || value === null || Object.keys(value).length > 0);
}

/** A part of a volume that is mounted can outlast the container. */
function validateWholeMounts({ volumeMounts = [] }: EphemeralContainer, path: string): FieldError[] {
  return volumeMounts.flatMap((mount, index) => (['subPath', 'subPathExpr'] as const)
    .filter((field) => mount[field])
    .map((field) => forbidden(`${path}.volumeMounts[${index}].${field}`, notEphemeral)));
}

/** What all sorts have in common. */
function validateContainer(container: Container | EphemeralContainer, path: string, context: ContainerContext): FieldError[] {
  return [
    ...(container.name ? check(`${path}.name`, container.name, dnsLabel) : [required(`${path}.name`)]),
    ...validateImage(container.image, `${path}.image`),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, pullPolicies),
    ...oneOfIfSet(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError']),
    ...validatePorts(container.ports ?? [], `${path}.ports`),
    ...validateEnvironment(container, path),
    ...validateVolumeMounts(container, path, context.volumes),
    ...validateVolumeDevices(container, path, context.volumes),
    ...validateResources(container.resources, `${path}.resources`),
    ...validateClaimNames(container.resources?.claims ?? [], `${path}.resources.claims`, context.claimNames),
    ...validateResizePolicy(container.resizePolicy ?? [], `${path}.resizePolicy`, context.restartPolicy),
    ...validateContainerSecurity(container.securityContext, `${path}.securityContext`),
  ];
}

export function validateImage(image: string | undefined, path: string): FieldError[] {
  if (!image) return [required(path)];
  return image.trim() === image ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')];
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  return [
    ...ports.flatMap((port, index) => validatePort(port, `${path}[${index}]`)),
    ...duplicates(ports.map(({ name }) => name), (index) => `${path}[${index}].name`),
  ];
}

function validatePort(port: ContainerPort, path: string): FieldError[] {
  return [
    ...(port.name ? check(`${path}.name`, port.name, portName) : []),
    ...(port.containerPort ? portNumber(`${path}.containerPort`, port.containerPort) : [required(`${path}.containerPort`)]),
    ...(port.hostPort ? portNumber(`${path}.hostPort`, port.hostPort) : []),
    ...oneOf(`${path}.protocol`, port.protocol, protocols),
  ];
}

/** No two containers of a pod take the same port of the board. */
function validateHostPorts(containers: readonly Container[], path: string): FieldError[] {
  const seen = new Set<string>();
  return containers.flatMap(({ ports = [] }, index) => ports.flatMap(({ hostPort, hostIP = '', protocol }, portIndex) => {
    if (!hostPort) return [];
    const key = `${protocol}/${hostIP}/${hostPort}`;
    if (seen.has(key)) return [duplicate(`${path}[${index}].ports[${portIndex}].hostPort`, key)];
    seen.add(key);
    return [];
  }));
}
