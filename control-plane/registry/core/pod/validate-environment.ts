/** Environment variables and downward API references. Follows pkg/apis/core/validation. */
import type { EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector } from './pod-parts.ts';
import { check, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { configMapKey, environmentVariableName, qualifiedName } from '../../validation/names.ts';

const fieldLabels = new Set([
  'metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.restartPolicy',
  'spec.serviceAccountName', 'spec.schedulerName', 'status.phase', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs',
]);
const environmentFields = [
  'metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs',
  'status.podIP', 'status.podIPs',
];
const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const resourceFields = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'];
const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;

export function validateEnvironment(container: { env?: EnvVar[]; envFrom?: EnvFromSource[] }, path: string): FieldError[] {
  return [
    ...(container.env ?? []).flatMap((variable, index) => validateVariable(variable, `${path}.env[${index}]`)),
    ...(container.envFrom ?? []).flatMap((source, index) => validateFromSource(source, `${path}.envFrom[${index}]`)),
  ];
}

function validateVariable({ name, value, valueFrom }: EnvVar, path: string): FieldError[] {
  return [
    ...(name ? check(`${path}.name`, name, environmentVariableName) : [required(`${path}.name`)]),
    ...(valueFrom ? validateSource(valueFrom, value ?? '', `${path}.valueFrom`) : []),
  ];
}

function validateSource(source: EnvVarSource, value: string, path: string): FieldError[] {
  const count = sources.filter((name) => name in source).length;
  return [
    ...(source.fieldRef ? validateFieldRef(source.fieldRef, `${path}.fieldRef`, environmentFields) : []),
    ...(source.resourceFieldRef ? validateResourceFieldRef(source.resourceFieldRef, `${path}.resourceFieldRef`, false) : []),
    ...(source.configMapKeyRef ? validateKeyRef(source.configMapKeyRef, `${path}.configMapKeyRef`) : []),
    ...(source.secretKeyRef ? validateKeyRef(source.secretKeyRef, `${path}.secretKeyRef`) : []),
    ...validateSourceCount(count, value, path),
  ];
}

function validateSourceCount(count: number, value: string, path: string): FieldError[] {
  if (count === 0) return [invalid(path, '', `must specify one of: ${sources.slice(0, -1).map((name) => `\`${name}\``).join(', ')} or \`${sources.at(-1)}\``)];
  if (value !== '') return [invalid(path, '', 'may not be specified when `value` is not empty')];
  return count > 1 ? [invalid(path, '', 'may not have more than one field specified at a time')] : [];
}

function validateKeyRef({ name, key }: { name?: string; key?: string }, path: string): FieldError[] {
  return [
    ...(name ? [] : [required(`${path}.name`)]),
    ...(key ? check(`${path}.key`, key, configMapKey) : [required(`${path}.key`)]),
  ];
}

function validateFromSource({ prefix, configMapRef, secretRef }: EnvFromSource, path: string): FieldError[] {
  const errors = prefix ? check(`${path}.prefix`, prefix, environmentVariableName) : [];
  for (const [field, reference] of [['configMapRef', configMapRef], ['secretRef', secretRef]] as const) {
    if (reference && !reference.name) errors.push(required(`${path}.${field}.name`));
  }
  if (configMapRef && secretRef) errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  if (!configMapRef && !secretRef) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
  return errors;
}

/** @param allowed what can be read where the reference is: fewer fields in volumes than in the environment. */
function validateFieldRef({ apiVersion, fieldPath }: ObjectFieldSelector, path: string, allowed: readonly string[]): FieldError[] {
  if (!apiVersion) return [required(`${path}.apiVersion`)];
  if (!fieldPath) return [required(`${path}.fieldPath`)];
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/s.exec(fieldPath);
  if (subscript) return check(path, subscript[2], (key) => qualifiedName(subscript[1] === 'metadata.annotations' ? key.toLowerCase() : key));
  if (!fieldLabels.has(fieldPath)) return [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)];
  return allowed.includes(fieldPath) ? [] : [notSupported(`${path}.fieldPath`, fieldPath, allowed)];
}

export function validateVolumeFieldRef(reference: ObjectFieldSelector, path: string): FieldError[] {
  return validateFieldRef(reference, path, volumeFields);
}

/** @param isVolume a volume belongs to no container, so it has to name one. */
export function validateResourceFieldRef({ containerName, resource }: ResourceFieldSelector, path: string, isVolume: boolean): FieldError[] {
  if (isVolume && !containerName) return [required(`${path}.containerName`)];
  if (!resource) return [required(`${path}.resource`)];
  const known = resourceFields.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource);
  return known ? [] : [notSupported(`${path}.resource`, resource, resourceFields)];
}
