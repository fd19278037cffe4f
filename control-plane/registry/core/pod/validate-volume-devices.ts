/** Volumes that containers see as devices. Follows pkg/apis/core/validation: ValidateVolumeDevices. */
import { invalid, notFound, required, type FieldError } from '../../validation/field-errors.ts';

interface WithDevices {
  volumeDevices?: readonly { name?: string; devicePath?: string }[];
  volumeMounts?: readonly { name?: string; mountPath?: string }[];
}

/** @param volumes by name; true for those that can be a device. */
export function validateVolumeDevices({ volumeDevices = [], volumeMounts = [] }: WithDevices, path: string, volumes: ReadonlyMap<string, boolean>): FieldError[] {
  const [names, paths] = [new Set<string>(), new Set<string>()];
  return volumeDevices.flatMap(({ name = '', devicePath = '' }, index) => {
    const [nameField, pathField] = [`${path}.volumeDevices[${index}].name`, `${path}.volumeDevices[${index}].devicePath`];
    const errors = [
      ...(name ? [] : [required(nameField)]),
      ...(name && names.has(name) ? [invalid(nameField, name, 'must be unique')] : []),
      ...(volumes.get(name) === false ? [invalid(nameField, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode')] : []),
      ...(volumes.has(name) ? [] : [notFound(nameField, name)]),
      ...(devicePath ? [] : [required(pathField)]),
      ...(devicePath && paths.has(devicePath) ? [invalid(pathField, devicePath, 'must be unique')] : []),
      ...(devicePath.split('/').includes('..') ? [invalid(pathField, devicePath, "can not contain backsteps ('..')")] : []),
      ...(name && volumeMounts.some((mount) => mount.name === name) ? [invalid(nameField, name, 'must not already exist in volumeMounts')] : []),
      ...(volumeMounts.some(({ mountPath }) => mountPath === devicePath) ? [invalid(pathField, devicePath, 'must not already exist as a path in volumeMounts')] : []),
    ];
    names.add(name);
    paths.add(devicePath);
    return errors;
  });
}
