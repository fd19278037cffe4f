/** VolumeAttachments. Follows pkg/registry/storage/volumeattachment and pkg/apis/storage/validation. */
import { volumeAttachments } from '../../../../api/resources.ts';
import type { VolumeAttachment, VolumeAttachmentSpec, VolumeAttachmentStatus, VolumeError } from '../../../../api/storage.ts';
import { deepEqual } from '../../deep-equal.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { check, forbidden, immutable, required, tooLong, type FieldError } from '../../validation/field-errors.ts';
import { dnsSubdomain } from '../../validation/names.ts';
import { validateCsiDriverName } from '../csi-driver-name.ts';

const maxMetadataBytes = 256 * 1024;
const maxMessageBytes = 1024;
const onlyOne = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

export const volumeAttachmentStrategy: Strategy<VolumeAttachment> = {
  ...plainStrategy,
  resource: volumeAttachments,
  allowUnconditionalUpdate: false,
  validate: validateNewVolumeAttachment,
  validateUpdate: validateVolumeAttachmentUpdate,
  validateStatusUpdate: validateVolumeAttachmentUpdate,
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  prepareForUpdate(attachment, old) {
    keepField(attachment, old, 'status');
  },
  prepareForStatusUpdate(attachment, old) {
    keepField(attachment, old, 'spec');
  },
};

export function validateNewVolumeAttachment(attachment: VolumeAttachment): FieldError[] {
  const { attacher, source = {} }: Partial<VolumeAttachmentSpec> = specOf(attachment);
  const volume = source.persistentVolumeName;
  return [
    ...validateVolumeAttachment(attachment),
    ...validateCsiDriverName('spec.attacher', attacher),
    ...(volume === undefined ? [] : check('spec.source.persistentVolumeName', volume, dnsSubdomain)),
  ];
}

function specOf({ spec }: Partial<VolumeAttachment>): Partial<VolumeAttachmentSpec> {
  return spec ?? {};
}

function validateVolumeAttachment(attachment: VolumeAttachment): FieldError[] {
  const { attacher, source = {}, nodeName } = specOf(attachment);
  return [
    ...(attacher ? [] : [required('spec.attacher')]),
    ...validateSource(source, 'spec.source'),
    ...check('spec.nodeName', nodeName, dnsSubdomain),
    ...validateStatus(attachment.status ?? {}),
  ];
}

function validateSource({ inlineVolumeSpec, persistentVolumeName }: VolumeAttachmentSpec['source'], path: string): FieldError[] {
  if (!inlineVolumeSpec && persistentVolumeName === undefined) return [required(path, onlyOne)];
  if (inlineVolumeSpec && persistentVolumeName !== undefined) return [forbidden(path, onlyOne)];
  return persistentVolumeName === '' ? [required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName')] : [];
}

function validateStatus({ attachmentMetadata = {}, attachError, detachError }: Partial<VolumeAttachmentStatus>): FieldError[] {
  const bytes = Object.entries(attachmentMetadata).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...(bytes > maxMetadataBytes ? [tooLong('status.attachmentMetadata', maxMetadataBytes)] : []),
    ...validateError(attachError, 'status.attachError'),
    ...validateError(detachError, 'status.detachError'),
  ];
}

function validateError(error: VolumeError | undefined, path: string): FieldError[] {
  return Buffer.byteLength(error?.message ?? '') > maxMessageBytes ? [tooLong(`${path}.message`, maxMessageBytes)] : [];
}

export function validateVolumeAttachmentUpdate(attachment: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  return [...validateVolumeAttachment(attachment), ...immutable('spec', attachment.spec, deepEqual(attachment.spec, old.spec))];
}
