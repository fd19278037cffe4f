/** Mounts of volumes into containers. Follows pkg/apis/core/validation. */
import type { SecurityContext, VolumeMount } from './pod-parts.ts';
import { forbidden, invalid, notFound, oneOfIfSet, required, type FieldError } from '../../validation/field-errors.ts';

interface Mounting {
  volumeMounts?: VolumeMount[];
  securityContext?: SecurityContext;
}

export function validateVolumeMounts(container: Mounting, path: string, volumes: ReadonlyMap<string, unknown>): FieldError[] {
  const paths = new Set<string>();
  const privileged = container.securityContext?.privileged === true;
  return (container.volumeMounts ?? []).flatMap((mount, index) => {
    const place = `${path}.volumeMounts[${index}]`;
    const errors = validateMount(mount, place, volumes);
    if (mount.mountPath && paths.has(mount.mountPath)) errors.push(invalid(`${place}.mountPath`, mount.mountPath, 'must be unique'));
    paths.add(mount.mountPath);
    if (mount.mountPropagation === 'Bidirectional' && !privileged) {
      errors.push(forbidden(`${place}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'));
    }
    return errors;
  });
}

function validateMount(mount: VolumeMount, path: string, volumes: ReadonlyMap<string, unknown>): FieldError[] {
  const errors: FieldError[] = [];
  if (!mount.name) errors.push(required(`${path}.name`));
  else if (!volumes.has(mount.name)) errors.push(notFound(`${path}.name`, mount.name));
  if (!mount.mountPath) errors.push(required(`${path}.mountPath`));
  if (mount.subPath) errors.push(...descendingPath(`${path}.subPath`, mount.subPath));
  if (mount.subPathExpr) {
    if (mount.subPath) errors.push(invalid(`${path}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
    errors.push(...descendingPath(`${path}.subPathExpr`, mount.subPathExpr));
  }
  return [...errors, ...oneOfIfSet(`${path}.mountPropagation`, mount.mountPropagation, ['Bidirectional', 'HostToContainer', 'None'])];
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
