/** Volumes and claims stay while something uses them. Follows plugin/pkg/admission/storage/storageobjectinuseprotection. */
import { persistentVolumeClaims, persistentVolumes } from '../../api/resources.ts';
import type { AdmissionPlugin } from './admission.ts';

export const claimProtectionFinalizer = 'kubernetes.io/pvc-protection';
export const volumeProtectionFinalizer = 'kubernetes.io/pv-protection';

export function createStorageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: 'StorageObjectInUseProtection',
    admit({ operation, resource, subresource, object }) {
      if (operation !== 'CREATE' || subresource || !object) return;
      const finalizer = resource === persistentVolumeClaims ? claimProtectionFinalizer : resource === persistentVolumes ? volumeProtectionFinalizer : undefined;
      if (finalizer === undefined) return;
      const metadata = (object.metadata ??= {});
      if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...metadata.finalizers ?? [], finalizer];
    },
  };
}
