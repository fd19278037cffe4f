/** CSINodes. Follows pkg/registry/storage/csinode and pkg/apis/storage/validation. */
import { csiNodes } from '../../../../api/resources.ts';
import type { CSINode, CSINodeDriver } from '../../../../api/storage.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { duplicate, invalid, notNegative, required, type FieldError } from '../../validation/field-errors.ts';
import { qualifiedName } from '../../validation/names.ts';
import { validateCsiDriverName } from '../csi-driver-name.ts';

const maxNodeIdLength = 192;

export const csiNodeStrategy: Strategy<CSINode> = {
  ...plainStrategy,
  resource: csiNodes,
  allowUnconditionalUpdate: false,
  validate: validateCsiNode,
  validateUpdate: validateCsiNodeUpdate,
};

function driversOf({ spec }: Partial<CSINode>): readonly Partial<CSINodeDriver>[] {
  return (spec as Partial<CSINode['spec']> | undefined)?.drivers ?? [];
}

export function validateCsiNode(node: CSINode): FieldError[] {
  const names = new Set<string>();
  return driversOf(node).flatMap((driver, index) => {
    const { name = '', nodeID = '', allocatable, topologyKeys = [] } = driver;
    const path = `spec.drivers[${index}]`;
    const errors = [
      ...validateCsiDriverName(`${path}.name`, name),
      ...(nodeID ? [] : [required(`${path}.nodeID`)]),
      ...(nodeID.length > maxNodeIdLength ? [invalid(`${path}.nodeID`, nodeID, `must be ${maxNodeIdLength} characters or less`)] : []),
      ...notNegative(`${path}.allocatable.count`, allocatable?.count),
      ...(names.has(name) ? [duplicate(`${path}.name`, name)] : []),
      ...validateTopologyKeys(topologyKeys, path),
    ];
    names.add(name);
    return errors;
  });
}

function validateTopologyKeys(keys: readonly string[], path: string): FieldError[] {
  return keys.flatMap((key, index) => [
    ...(key ? [] : [required(path)]),
    ...(keys.indexOf(key) < index ? [duplicate(path, key)] : []),
    ...qualifiedName(key).map((problem) => invalid(path, keys, problem)),
  ]);
}

/** A driver that is there keeps what it said, but for how many volumes it takes. */
export function validateCsiNodeUpdate(node: CSINode, old: CSINode): FieldError[] {
  const before = new Map(driversOf(old).map((driver) => [driver.name, driver]));
  const changed = driversOf(node).filter((driver) => {
    const known = before.get(driver.name);
    return known !== undefined && !deepEqual({ ...driver, allocatable: undefined }, { ...known, allocatable: undefined });
  });
  return [...validateCsiNode(node), ...changed.map((driver) => invalid('CSINodeDriver', driver, 'field is immutable'))];
}
