/** Types of the API group storage.k8s.io, version v1. */
export type {
  CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment,
} from 'kubernetes-types/storage/v1';
