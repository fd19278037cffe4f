/** Types of the API group storage.k8s.io, version v1. */
import type { ObjectMeta } from './meta.ts';

export type {
  CSIDriver, CSIDriverSpec, CSINode, CSINodeDriver, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttachmentSpec, VolumeAttachmentStatus,
  VolumeError,
} from 'kubernetes-types/storage/v1';

/** What may be changed of a volume while it is used (its speed, say), by the name that claims give. Of v1 since Kubernetes 1.34. */
export interface VolumeAttributesClass {
  apiVersion?: 'storage.k8s.io/v1';
  kind?: 'VolumeAttributesClass';
  metadata?: ObjectMeta;
  driverName: string;
  parameters?: Record<string, string>;
}
