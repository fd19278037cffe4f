/** Names and amounts of resources in quotas, limits and claims. Follows pkg/apis/core: validation, helper. */
import { parseQuantity } from '../../../api/quantity.ts';
import { check, invalid, notNegativeMessage, type FieldError } from './field-errors.ts';
import { qualifiedName } from './names.ts';

const quotaResources = [
  'cpu', 'memory', 'ephemeral-storage', 'requests.cpu', 'requests.memory', 'requests.storage', 'requests.ephemeral-storage', 'limits.cpu',
  'limits.memory', 'limits.ephemeral-storage', 'pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'persistentvolumeclaims',
  'configmaps', 'services.nodeports', 'services.loadbalancers',
];
const standardQuotaResources = new Set(quotaResources);
const standardResources = new Set([...quotaResources, 'storage']);
const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage']);
const countedResources = new Set([
  'pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers',
]);
const one = parseQuantity('1');

/** Kubernetes' own: without a domain, or of its domain. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Whether more than there is may be promised: only of what a node can share out again. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !name.startsWith('hugepages-');
}

function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0;
}

function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
}

export function isStandardQuotaResource(name: string): boolean {
  return standardQuotaResources.has(name) || isHugePages(name);
}

export function validateResourceName(name: string, field: string): FieldError[] {
  const errors = check(field, name, qualifiedName);
  if (errors.length > 0 || name.includes('/') || standardResources.has(name) || isHugePages(name)) return errors;
  return [invalid(field, name, 'must be a standard resource type or fully qualified')];
}

export function validateQuotaResourceName(name: string, field: string): FieldError[] {
  const errors = validateResourceName(name, field);
  if (name.includes('/') || isStandardQuotaResource(name)) return errors;
  return [...errors, invalid(field, name, 'must be a standard resource for quota')];
}

/** Of what containers ask for. */
export function validateContainerResourceName(name: string, field: string): FieldError[] {
  const errors = validateResourceName(name, field);
  if (!name.includes('/')) {
    return containerResources.has(name) || name.startsWith('hugepages-') ? errors : [...errors, invalid(field, name, 'must be a standard resource for containers')];
  }
  if (!isNativeResource(name) && !isExtendedResource(name)) return [...errors, invalid(field, name, "doesn't follow extended resource name standard")];
  return errors;
}

/** Not negative, and whole where things are counted. */
export function validateResourceAmount(name: string, amount: string, field: string): FieldError[] {
  const value = parseQuantity(amount);
  return [
    ...(value < 0n ? [invalid(field, amount, notNegativeMessage)] : []),
    ...((countedResources.has(name) || isExtendedResource(name)) && value % one !== 0n ? [invalid(field, amount, 'must be an integer')] : []),
  ];
}

/** Of what storage has: no less than nothing. */
export function validateBasicAmount(amount: string, field: string): FieldError[] {
  const value = parseQuantity(amount);
  return value < 0n ? [invalid(field, -Number((-value + one - 1n) / one), 'must be a valid resource quantity')] : [];
}

export function positiveAmount(amount: string, field: string): FieldError[] {
  return parseQuantity(amount) <= 0n ? [invalid(field, amount, 'must be greater than zero')] : [];
}
