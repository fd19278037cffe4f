/** Types of the API group storage.k8s.io, version v1. */
export type {
  CSIDriver, CSIDriverSpec, CSINode, CSINodeDriver, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttachmentSpec, VolumeAttachmentStatus,
  VolumeError,
} from 'kubernetes-types/storage/v1';
