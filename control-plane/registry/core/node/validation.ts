/** Validation of Nodes, beyond metadata. Follows pkg/apis/core/validation. */
import { isIPv6 } from 'node:net';
import type { Node, NodeStatus, Taint } from '../../../../api/core.ts';
import { deepEqual } from '../../deep-equal.ts';
import { check, duplicate, forbidden, invalid, oneOf, type FieldError } from '../../validation/field-errors.ts';
import { addressBlock } from '../../validation/ip-addresses.ts';
import { labelValue, qualifiedName } from '../../validation/names.ts';
import { duplicates } from '../../validation/object-meta.ts';
import { validateResourceAmount } from '../../validation/resource-names.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateNode(node: Node): FieldError[] {
  const { taints = [], podCIDR, podCIDRs = [] } = node.spec ?? {};
  return [
    ...validateTaints(taints),
    ...validateAmounts(node.status ?? {}),
    ...validateRanges(podCIDRs.length > 0 ? podCIDRs : podCIDR ? [podCIDR] : []),
  ];
}

/** Kubernetes says of taints that they are metadata, what they have been once. */
function validateTaints(taints: readonly Partial<Taint>[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap(({ key = '', value = '', effect = '', timeAdded }, index) => {
    const path = `metadata.taints[${index}]`;
    const pair = `${key}:${effect}`;
    const valueProblems = labelValue(value).join(';');
    const shown = duplicate(path, { Key: key, Value: value, Effect: effect, TimeAdded: timeAdded ?? null });
    const errors = [
      ...check(`${path}.key`, key, qualifiedName),
      ...(valueProblems ? [invalid(`${path}.value`, value, valueProblems)] : []),
      ...oneOf(`${path}.effect`, effect, effects),
      ...(seen.has(pair) ? [{ ...shown, message: `${shown.message}: taints must be unique by key and effect pair` }] : []),
    ];
    seen.add(pair);
    return errors;
  });
}

/** One range of each family, where there are two. */
function validateRanges(ranges: readonly string[]): FieldError[] {
  const path = 'spec.podCIDRs';
  const errors = ranges.flatMap((range, index) => check(`${path}[${index}]`, range, addressBlock));
  if (ranges.length < 2 || errors.length > 0) return errors;
  const families = new Set(ranges.map((range) => isIPv6(range.split('/')[0] ?? '')));
  return [
    ...(families.size < 2 || ranges.length > 2 ? [invalid(path, ranges, 'may specify no more than one CIDR for each IP family')] : []),
    ...duplicates(ranges, (index) => `${path}[${index}]`),
  ];
}

function validateAmounts({ capacity = {}, allocatable = {} }: NodeStatus): FieldError[] {
  return [
    ...Object.entries(capacity).flatMap(([name, amount]) => validateResourceAmount(name, amount, `status.capacity.${name}`)),
    ...Object.entries(allocatable).flatMap(([name, amount]) => validateResourceAmount(name, amount, `status.allocatable.${name}`)),
  ];
}

function validateAddresses({ addresses = [] }: NodeStatus): FieldError[] {
  const seen = new Set<string>();
  return addresses.flatMap(({ type, address }, index) => {
    const key = `${type}/${address}`;
    const repeated = seen.has(key);
    seen.add(key);
    return repeated ? [duplicate(`status.addresses[${index}]`, { Type: type, Address: address })] : [];
  });
}

export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const spec = node.spec ?? {};
  const before = old.spec ?? {};
  return [
    ...validateNode(node),
    // Set once, by the controller that hands ranges out, or by the board's provider.
    ...(before.podCIDRs?.length && !deepEqual(spec.podCIDRs ?? [], before.podCIDRs)
      ? [forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')] : []),
    ...(before.providerID && (spec.providerID ?? '') !== before.providerID
      ? [forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')] : []),
  ];
}

export function validateNodeStatusUpdate(node: Node, _old: Node): FieldError[] {
  return [...validateAmounts(node.status ?? {}), ...validateAddresses(node.status ?? {})];
}
