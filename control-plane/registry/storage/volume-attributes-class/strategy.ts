/** VolumeAttributesClasses. Follows pkg/registry/storage/volumeattributesclass and pkg/apis/storage/validation. */
import { volumeAttributesClasses } from '../../../../api/resources.ts';
import type { VolumeAttributesClass } from '../../../../api/storage.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { check, forbidden, required, type FieldError } from '../../validation/field-errors.ts';
import { qualifiedName } from '../../validation/names.ts';
import { validateParameters } from '../storage-class/strategy.ts';

export const volumeAttributesClassStrategy: Strategy<VolumeAttributesClass> = {
  ...plainStrategy,
  resource: volumeAttributesClasses,
  validate: validateVolumeAttributesClass,
  validateUpdate: validateVolumeAttributesClassUpdate,
};

function validateVolumeAttributesClass({ driverName, parameters = {} }: Partial<VolumeAttributesClass>): FieldError[] {
  return [
    ...(driverName ? check('driverName', driverName, (text) => qualifiedName(text.toLowerCase())) : [required('driverName')]),
    ...(Object.keys(parameters).length > 0 ? validateParameters(parameters) : [required('parameters', 'must contain at least one key/value pair')]),
  ];
}

/** Volumes have been changed to it: another class is for other attributes. */
function validateVolumeAttributesClassUpdate(next: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] {
  return [
    ...validateVolumeAttributesClass(next),
    ...(next.driverName === old.driverName ? [] : [forbidden('driverName', 'updates to driverName are forbidden.')]),
    ...(deepEqual(next.parameters ?? {}, old.parameters ?? {}) ? [] : [forbidden('parameters', 'updates to parameters are forbidden.')]),
  ];
}
