/** Environment variables and downward API references. Follows pkg/apis/core/validation. */
import type { EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector } from './pod-parts.ts';
import { canonicalQuantity } from '../../../../api/quantity.ts';
import { check, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { asPrefix, configMapKey, dnsSubdomain, environmentVariableName, qualifiedName } from '../../validation/names.ts';

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
    ...(container.envFrom ?? []).flatMap((source, index) => validateFromSource(source, `${path}.envFrom`, index)),
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
    ...check(`${path}.name`, name, dnsSubdomain),
    ...(key ? check(`${path}.key`, key, configMapKey) : [required(`${path}.key`)]),
  ];
}

/** @param path of the list: how many sources an entry has is said of the list. */
function validateFromSource({ prefix, configMapRef, secretRef }: EnvFromSource, path: string, index: number): FieldError[] {
  const errors = prefix ? check(`${path}[${index}].prefix`, prefix, environmentVariableName) : [];
  for (const [field, reference] of [['configMapRef', configMapRef], ['secretRef', secretRef]] as const) {
    if (!reference) continue;
    const place = `${path}[${index}].${field}.name`;
    errors.push(...(reference.name ? check(place, reference.name, asPrefix(dnsSubdomain)) : [required(place)]));
  }
  if (configMapRef && secretRef) errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  if (!configMapRef && !secretRef) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
  return errors;
}

/** @param allowed what can be read where the reference is: fewer fields in volumes than in the environment. */
function validateFieldRef({ apiVersion, fieldPath }: ObjectFieldSelector, path: string, allowed: readonly string[]): FieldError[] {
  if (!apiVersion) return [required(`${path}.apiVersion`)];
  if (!fieldPath) return [required(`${path}.fieldPath`)];
  const unconvertible = conversionProblem(apiVersion, fieldPath);
  if (unconvertible) return [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${unconvertible}`)];
  const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/s.exec(fieldPath);
  if (subscript) return check(path, subscript[2], (key) => qualifiedName(subscript[1] === 'metadata.annotations' ? key.toLowerCase() : key));
  return allowed.includes(fieldPath) ? [] : [notSupported(`${path}.fieldPath`, fieldPath, allowed)];
}

function conversionProblem(apiVersion: string, fieldPath: string): string | undefined {
  if (apiVersion !== 'v1') return `unsupported pod version: ${apiVersion}`;
  const subscripted = /^([^[]*)\['.*'\]$/s.exec(fieldPath)?.[1];
  if (subscripted !== undefined) return subscripted === 'metadata.labels' || subscripted === 'metadata.annotations' ? undefined : `field label does not support subscript: ${fieldPath}`;
  return fieldLabels.has(fieldPath) ? undefined : `field label not supported: ${fieldPath}`;
}

export function validateVolumeFieldRef(reference: ObjectFieldSelector, path: string): FieldError[] {
  return validateFieldRef(reference, path, volumeFields);
}

/** @param isVolume a volume belongs to no container, so it has to name one. */
export function validateResourceFieldRef(reference: ResourceFieldSelector, path: string, isVolume: boolean): FieldError[] {
  return [...validateResourceField(reference, path, isVolume), ...validateDivisor(reference, `${path}.divisor`)];
}

const bytes = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const divisorsOfBytes = `only divisor's values ${bytes.join(', ')} are supported with the`;

function validateDivisor({ resource = '', divisor = '0' }: Partial<ResourceFieldSelector>, field: string): FieldError[] {
  const amount = canonicalQuantity(divisor);
  if (amount === '0') return [];
  const [, name = ''] = /^(?:limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-)/.exec(resource) ?? [];
  switch (name) {
    case 'cpu': return amount === '1' || amount === '1m' ? [] : [invalid(field, resource, "only divisor's values 1m and 1 are supported with the cpu resource")];
    case 'memory': return bytes.includes(amount) ? [] : [invalid(field, resource, `${divisorsOfBytes} memory resource`)];
    case 'ephemeral-storage': return bytes.includes(amount) ? [] : [invalid(field, resource, `${divisorsOfBytes} local ephemeral storage resource`)];
    case 'hugepages-': return bytes.includes(amount) ? [] : [invalid(field, resource, `${divisorsOfBytes} hugepages resource`)];
    default: return [];
  }
}

function validateResourceField({ containerName, resource }: ResourceFieldSelector, path: string, isVolume: boolean): FieldError[] {
  if (isVolume && !containerName) return [required(`${path}.containerName`)];
  if (!resource) return [required(`${path}.resource`)];
  const known = resourceFields.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource);
  return known ? [] : [notSupported(`${path}.resource`, resource, resourceFields)];
}
