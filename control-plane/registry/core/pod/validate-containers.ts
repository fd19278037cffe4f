/** Containers of all sorts. Follows pkg/apis/core/validation. */
import type { Container, ContainerPort, EphemeralContainer, PodSpec } from './pod-parts.ts';
import { check, duplicate, forbidden, invalid, notFound, oneOf, oneOfIfSet, portNumber, required, type FieldError } from '../../validation/field-errors.ts';
import { dnsLabel, portName } from '../../validation/names.ts';
import { duplicates } from '../../validation/object-meta.ts';
import { validateEnvironment } from './validate-environment.ts';
import { validateLifecycle, validateProbes } from './validate-probes.ts';
import { validateResources } from './validate-resources.ts';
import { validateContainerSecurity } from './validate-security.ts';
import { validateVolumeMounts } from './validate-volume-mounts.ts';

/** What containers are checked against. */
export interface ContainerContext {
  volumeNames: ReadonlySet<string>;
  hostNetwork: boolean;
}

const protocols = ['SCTP', 'TCP', 'UDP'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const withoutRestart = 'may not be set for init containers without restartPolicy=Always';

/** All lists of a pod's containers. */
export function validateAllContainers(spec: Partial<PodSpec>, path: string, context: ContainerContext): FieldError[] {
  const { containers = [], initContainers = [] } = spec;
  if (containers.length === 0) return [required(`${path}.containers`)];
  return [
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
    ...validateLifecycle(container.lifecycle, `${path}.lifecycle`),
    ...validateProbes(container, path),
  ];
}

function validateInitContainer(container: Container, path: string, context: ContainerContext): FieldError[] {
  const errors = validateContainer(container, path, context);
  if (container.restartPolicy !== undefined) errors.push(...oneOf(`${path}.restartPolicy`, container.restartPolicy, ['Always']));
  if (container.restartPolicy === 'Always') return [...errors, ...validateLifecycle(container.lifecycle, `${path}.lifecycle`), ...validateProbes(container, path)];
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
    ...oneOfIfSet(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ['FallbackToLogsOnError', 'File']),
    ...validatePorts(container.ports ?? [], `${path}.ports`, context),
    ...validateEnvironment(container, path),
    ...validateVolumeMounts(container, path, context.volumeNames),
    ...validateResources(container.resources, `${path}.resources`),
    ...validateContainerSecurity(container.securityContext, `${path}.securityContext`),
  ];
}

export function validateImage(image: string | undefined, path: string): FieldError[] {
  if (!image) return [required(path)];
  return image.trim() === image ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')];
}

function validatePorts(ports: readonly ContainerPort[], path: string, { hostNetwork }: ContainerContext): FieldError[] {
  return [
    ...ports.flatMap((port, index) => validatePort(port, `${path}[${index}]`, hostNetwork)),
    ...duplicates(ports.map(({ name }) => name), (index) => `${path}[${index}].name`),
  ];
}

function validatePort(port: ContainerPort, path: string, hostNetwork: boolean): FieldError[] {
  const errors = [
    ...(port.name ? check(`${path}.name`, port.name, portName) : []),
    ...(port.containerPort ? portNumber(`${path}.containerPort`, port.containerPort) : [required(`${path}.containerPort`)]),
    ...(port.hostPort ? portNumber(`${path}.hostPort`, port.hostPort) : []),
    ...oneOf(`${path}.protocol`, port.protocol, protocols),
  ];
  if (hostNetwork && port.hostPort !== port.containerPort) {
    errors.push(invalid(`${path}.containerPort`, port.containerPort, 'must match `hostPort` when `hostNetwork` is true'));
  }
  return errors;
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
