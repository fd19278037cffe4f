/** Volumes of a pod. Follows pkg/apis/core/validation. */
import type { DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection } from './pod-parts.ts';
import { compareQuantities } from '../../../../api/quantity.ts';
import { check, forbidden, invalid, oneOfIfSet, required, type FieldError } from '../../validation/field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/names.ts';
import { duplicates, validateAnnotations, validateLabels } from '../../validation/object-meta.ts';
import { validateForeignSource } from '../../validation/volume-sources.ts';
import { validateCsiDriverName } from '../../storage/csi-driver-name.ts';
import { validateClaimSpec } from '../persistent-volume-claim/validation.ts';
import { validateResourceFieldRef, validateVolumeFieldRef } from './validate-environment.ts';
import { descendingPath, noBacksteps } from './validate-volume-mounts.ts';

const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const highestFileMode = 0o777;

export function validateVolumes(volumes: readonly Volume[], path: string): FieldError[] {
  return [
    ...volumes.flatMap((volume, index) => validateVolume(volume, `${path}[${index}]`)),
    ...duplicates(volumes.map(({ name }) => name), (index) => `${path}[${index}].name`),
  ];
}

function validateVolume(volume: Volume, path: string): FieldError[] {
  const types = Object.keys(volume).filter((field) => field !== 'name');
  return [
    ...(volume.name ? check(`${path}.name`, volume.name, dnsLabel) : [required(`${path}.name`)]),
    ...(types.length === 0 ? [required(path, 'must specify a volume type')] : []),
    ...types.slice(1).map((type) => forbidden(`${path}.${type}`, 'may not specify more than 1 volume type')),
    ...validateSource(volume, types[0], path),
  ];
}

function validateSource(volume: Volume, type: string | undefined, path: string): FieldError[] {
  const { emptyDir, hostPath, configMap, secret, downwardAPI, projected, persistentVolumeClaim, nfs, csi, ephemeral } = volume;
  if (emptyDir?.sizeLimit && compareQuantities(emptyDir.sizeLimit, '0') < 0) {
    return [forbidden(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity')];
  }
  if (hostPath) return validateHostPath(hostPath, `${path}.hostPath`);
  if (configMap) return [...(configMap.name ? [] : [required(`${path}.configMap.name`)]), ...validateFiles(configMap, `${path}.configMap`)];
  if (secret) return [...(secret.secretName ? [] : [required(`${path}.secret.secretName`)]), ...validateFiles(secret, `${path}.secret`)];
  if (downwardAPI) return [...validateMode(`${path}.downwardAPI.defaultMode`, downwardAPI.defaultMode), ...validateDownwardItems(downwardAPI.items ?? [], `${path}.downwardAPI`)];
  if (projected) return validateProjected(projected, `${path}.projected`);
  if (persistentVolumeClaim && !persistentVolumeClaim.claimName) return [required(`${path}.persistentVolumeClaim.claimName`)];
  if (nfs) return validateNfs(nfs, `${path}.nfs`);
  if (csi) return validateCsi(csi, `${path}.csi`);
  if (ephemeral) return validateEphemeral(ephemeral, `${path}.ephemeral`);
  return type === undefined ? [] : validateForeignSource(volume[type as keyof Volume] as unknown as Readonly<Record<string, unknown>>, type, `${path}.${type}`, true);
}

function validateCsi({ driver, nodePublishSecretRef: secret }: Partial<NonNullable<Volume['csi']>>, path: string): FieldError[] {
  const errors = validateCsiDriverName(`${path}.driver`, driver);
  if (!secret) return errors;
  return [...errors, ...(secret.name ? check(`${path}.name`, secret.name, dnsSubdomain) : [required(`${path}.nodePublishSecretRef.name`)])];
}

/** A claim that comes and goes with the pod. */
function validateEphemeral({ volumeClaimTemplate: template }: NonNullable<Volume['ephemeral']>, path: string): FieldError[] {
  const place = `${path}.volumeClaimTemplate`;
  if (!template) return [required(place)];
  return [
    ...validateAnnotations(template.metadata?.annotations, `${place}.metadata.annotations`),
    ...validateLabels(template.metadata?.labels, `${place}.metadata.labels`),
    ...validateClaimSpec((template as Partial<typeof template>).spec ?? {}, `${place}.spec`),
  ];
}

export function validateHostPath({ path: text, type }: { path?: string; type?: string }, path: string): FieldError[] {
  if (!text) return [required(`${path}.path`)];
  return [...noBacksteps(`${path}.path`, text), ...(type ? oneOfIfSet(`${path}.type`, type, hostPathTypes) : [])];
}

export function validateNfs(source: { server?: string; path?: string }, path: string): FieldError[] {
  return [
    ...(source.server ? [] : [required(`${path}.server`)]),
    ...(source.path ? [] : [required(`${path}.path`)]),
    ...(source.path?.startsWith('/') ? [] : [invalid(`${path}.path`, source.path ?? '', 'must be an absolute path')]),
  ];
}

function validateMode(field: string, mode: number | undefined): FieldError[] {
  const fits = mode === undefined || (mode >= 0 && mode <= highestFileMode);
  return fits ? [] : [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

function validateFiles({ defaultMode, items = [] }: { defaultMode?: number; items?: KeyToPath[] }, path: string): FieldError[] {
  return [...validateMode(`${path}.defaultMode`, defaultMode), ...items.flatMap((item, index) => validateItem(item, `${path}.items[${index}]`))];
}

function validateItem({ key, path: file, mode }: KeyToPath, path: string): FieldError[] {
  return [
    ...(key ? [] : [required(`${path}.key`)]),
    ...(file ? filePath(`${path}.path`, file) : [required(`${path}.path`)]),
    ...validateMode(`${path}.mode`, mode),
  ];
}

/** Names that begin with `..` are the volume's own (its atomic switch). */
function filePath(field: string, text: string): FieldError[] {
  const errors = descendingPath(field, text);
  return errors.length === 0 && text.startsWith('..') ? [invalid(field, text, "must not start with '..'")] : errors;
}

/** What is wrong with a file is said of the volume, not of the file. */
function validateDownwardItems(items: readonly DownwardAPIVolumeFile[], path: string): FieldError[] {
  return items.flatMap((item) => validateDownwardItem(item, path));
}

function validateDownwardItem({ path: file, fieldRef, resourceFieldRef, mode }: DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors = file ? filePath(`${path}.path`, file) : [required(`${path}.path`)];
  if (fieldRef) errors.push(...validateVolumeFieldRef(fieldRef, `${path}.fieldRef`));
  if (fieldRef && resourceFieldRef) errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  else if (resourceFieldRef) errors.push(...validateResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, true));
  else if (!fieldRef) errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...validateMode(`${path}.mode`, mode)];
}

function validateProjected({ defaultMode, sources = [] }: { defaultMode?: number; sources?: VolumeProjection[] }, path: string): FieldError[] {
  const taken = new Set<string>();
  return [...validateMode(`${path}.defaultMode`, defaultMode), ...sources.flatMap((source, index) => [
    ...validateProjection(source, path, `${path}.sources[${index}]`),
    ...validateUniquePaths(source, taken, path),
  ])];
}

/** All sources write into one directory. @param taken what earlier ones write; grows. */
function validateUniquePaths({ secret, configMap, downwardAPI }: VolumeProjection, taken: Set<string>, path: string): FieldError[] {
  const files = [
    ...(secret?.items ?? []).map((item) => [item.path, secret?.name]), ...(configMap?.items ?? []).map((item) => [item.path, configMap?.name]),
    ...(downwardAPI?.items ?? []).map((item) => [item.path, item.path]),
  ];
  return files.flatMap(([file, shown]) => {
    if (!file) return [];
    const repeated = taken.has(file);
    taken.add(file);
    return repeated ? [invalid(path, shown, 'conflicting duplicate paths')] : [];
  });
}

function validateProjection(source: VolumeProjection, parent: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (secret) errors.push(...(secret.name ? [] : [required(`${path}.secret.name`)]), ...validateFiles(secret, `${path}.secret`));
  if (configMap) errors.push(...(configMap.name ? [] : [required(`${path}.configMap.name`)]), ...validateFiles(configMap, `${path}.configMap`));
  if (downwardAPI) errors.push(...validateDownwardItems(downwardAPI.items ?? [], `${path}.downwardAPI`));
  if (serviceAccountToken) errors.push(...validateToken(serviceAccountToken, parent, `${path}.serviceAccountToken`));
  if (Object.keys(source).length > 1) errors.push(forbidden(path, 'may not specify more than 1 volume type'));
  return errors;
}

function validateToken({ expirationSeconds: seconds, path: file }: { expirationSeconds?: number; path?: string }, parent: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (seconds !== undefined && seconds < 600) errors.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds !== undefined && seconds > 2 ** 32) errors.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
  return [...errors, ...(file ? filePath(`${parent}.path`, file) : [required(`${parent}.path`)])];
}
