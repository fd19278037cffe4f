/** CSIStorageCapacities. Follows pkg/registry/storage/csistoragecapacity and pkg/apis/storage/validation. */
import { parseQuantity } from '../../../../api/quantity.ts';
import { csiStorageCapacities } from '../../../../api/resources.ts';
import type { CSIStorageCapacity } from '../../../../api/storage.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { check, immutable, invalid, notNegativeMessage, type FieldError } from '../../validation/field-errors.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import { dnsSubdomain } from '../../validation/names.ts';

export const csiStorageCapacityStrategy: Strategy<CSIStorageCapacity> = {
  ...plainStrategy,
  resource: csiStorageCapacities,
  allowUnconditionalUpdate: false,
  validate: validateCsiStorageCapacity,
  validateUpdate: validateCsiStorageCapacityUpdate,
};

export function validateCsiStorageCapacity({ nodeTopology, storageClassName, capacity }: CSIStorageCapacity): FieldError[] {
  return [
    ...validateLabelSelector(nodeTopology, 'nodeTopology'),
    ...check('storageClassName', storageClassName, dnsSubdomain),
    ...(capacity !== undefined && parseQuantity(capacity) < 0n ? [invalid('capacity', capacity, notNegativeMessage)] : []),
  ];
}

export function validateCsiStorageCapacityUpdate(capacity: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  return [
    ...immutable('nodeTopology', capacity.nodeTopology, deepEqual(capacity.nodeTopology, old.nodeTopology)),
    ...immutable('storageClassName', capacity.storageClassName, capacity.storageClassName === old.storageClassName),
  ];
}
