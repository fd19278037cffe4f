/** Mounts of volumes into containers. Follows pkg/apis/core/validation: ValidateVolumeMounts. */
import type { SecurityContext, VolumeMount } from './pod-parts.ts';
import { forbidden, invalid, notFound, notSupported, required, type FieldError } from '../../validation/field-errors.ts';

interface Mounting {
  volumeMounts?: VolumeMount[];
  volumeDevices?: readonly { name?: string; devicePath?: string }[];
  securityContext?: SecurityContext;
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];
const recursions = ['Disabled', 'Enabled', 'IfPossible'];

export function validateVolumeMounts(container: Mounting, path: string, volumes: ReadonlyMap<string, unknown>): FieldError[] {
  const paths = new Set<string>();
  const list = `${path}.volumeMounts`;
  return (container.volumeMounts ?? []).flatMap((mount: Partial<VolumeMount>, index) => {
    const { name = '', mountPath = '' } = mount;
    const place = `${list}[${index}]`;
    const errors = [
      ...(name ? [] : [required(`${place}.name`)]),
      ...(volumes.has(name) ? [] : [notFound(`${place}.name`, name)]),
      ...(mountPath ? [] : [required(`${place}.mountPath`)]),
      ...(paths.has(mountPath) ? [invalid(`${place}.mountPath`, mountPath, 'must be unique')] : []),
      ...validateBesideDevices(container, place, { name, mountPath }),
      // Kubernetes says the rest of the list, not of the mount.
      ...validateParts(mount, place, list),
      ...validatePropagation(mount, container, `${list}.mountPropagation`),
      ...validateRecursion(mount, `${list}.recursiveReadOnly`),
    ];
    paths.add(mountPath);
    return errors;
  });
}

function validateBesideDevices({ volumeDevices = [] }: Mounting, place: string, { name, mountPath }: Pick<VolumeMount, 'name' | 'mountPath'>): FieldError[] {
  return [
    ...(volumeDevices.some((device) => device.name === name) ? [invalid(`${place}.name`, name, 'must not already exist in volumeDevices')] : []),
    ...(volumeDevices.some(({ devicePath }) => devicePath === mountPath) ? [invalid(`${place}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices')] : []),
  ];
}

function validateParts({ subPath, subPathExpr }: Partial<VolumeMount>, place: string, list: string): FieldError[] {
  const errors = subPath ? descendingPath(`${list}.subPath`, subPath) : [];
  if (!subPathExpr) return errors;
  if (subPath) errors.push(invalid(`${place}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
  return [...errors, ...descendingPath(`${list}.subPathExpr`, subPathExpr)];
}

function validatePropagation({ mountPropagation: mode }: Partial<VolumeMount>, { securityContext }: Mounting, field: string): FieldError[] {
  if (mode === undefined) return [];
  if (!propagations.includes(mode)) return [notSupported(field, mode, propagations)];
  const refused = mode === 'Bidirectional' && securityContext?.privileged !== true;
  return refused ? [forbidden(field, 'Bidirectional mount propagation is available only to privileged containers')] : [];
}

function validateRecursion(mount: Partial<VolumeMount>, field: string): FieldError[] {
  const { recursiveReadOnly: mode, readOnly, mountPropagation } = mount as Partial<VolumeMount> & { recursiveReadOnly?: string };
  if (mode === undefined || mode === 'Disabled') return [];
  if (!recursions.includes(mode)) return [notSupported(field, mode, recursions)];
  return [
    ...(readOnly ? [] : [forbidden(field, 'may only be specified when readOnly is true')]),
    ...(mountPropagation !== undefined && mountPropagation !== 'None' ? [forbidden(field, 'may only be specified when mountPropagation is None or not specified')] : []),
  ];
}

/** A path that stays inside of what it is relative to. */
export function descendingPath(field: string, text: string): FieldError[] {
  return [
    ...(text.startsWith('/') ? [invalid(field, text, 'must be a relative path')] : []),
    ...noBacksteps(field, text),
  ];
}

export function noBacksteps(field: string, text: string): FieldError[] {
  return text.split('/').includes('..') ? [invalid(field, text, "must not contain '..'")] : [];
}
