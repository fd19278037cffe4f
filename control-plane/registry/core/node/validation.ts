/** Validation of Nodes, beyond metadata. Follows pkg/apis/core/validation. */
import type { Node, NodeStatus, Taint } from '../../../../api/core.ts';
import { deepEqual } from '../../deep-equal.ts';
import { validateAmount } from '../pod/validate-resources.ts';
import { check, duplicate, forbidden, oneOf, type FieldError } from '../../validation/field-errors.ts';
import { addressBlock } from '../../validation/ip-addresses.ts';
import { labelValue, qualifiedName } from '../../validation/names.ts';

const effects = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];

export function validateNode(node: Node): FieldError[] {
  const { taints = [], podCIDR, podCIDRs = [] } = node.spec ?? {};
  const ranges = podCIDRs.length > 0 ? podCIDRs : podCIDR ? [podCIDR] : [];
  return [
    ...validateTaints(taints),
    ...ranges.flatMap((range, index) => check(`spec.podCIDRs[${index}]`, range, addressBlock)),
    ...validateAddressesAndAmounts(node.status ?? {}),
  ];
}

function validateTaints(taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap(({ key, value, effect }, index) => {
    const path = `spec.taints[${index}]`;
    const pair = `${key}:${effect}`;
    const errors = [
      ...check(`${path}.key`, key, qualifiedName),
      ...check(`${path}.value`, value ?? '', labelValue),
      ...oneOf(`${path}.effect`, effect, effects),
      ...(seen.has(pair) ? [duplicate(path, { key, effect })] : []),
    ];
    seen.add(pair);
    return errors;
  });
}

function validateAddressesAndAmounts({ addresses = [], capacity = {}, allocatable = {} }: NodeStatus): FieldError[] {
  const seen = new Set<string>();
  return [
    ...addresses.flatMap((address, index) => {
      const key = `${address.type}/${address.address}`;
      const repeated = seen.has(key);
      seen.add(key);
      return repeated ? [duplicate(`status.addresses[${index}]`, address)] : [];
    }),
    ...Object.entries(capacity).flatMap(([name, amount]) => validateAmount(name, amount, `status.capacity[${name}]`)),
    ...Object.entries(allocatable).flatMap(([name, amount]) => validateAmount(name, amount, `status.allocatable[${name}]`)),
  ];
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
  return validateAddressesAndAmounts(node.status ?? {});
}

