/** A claim that names no class gets the cluster's default. Follows plugin/pkg/admission/storage/storageclass/setdefault. */
import type { PersistentVolumeClaim } from '../../api/core.ts';
import { persistentVolumeClaims, storageClasses } from '../../api/resources.ts';
import type { AdmissionPlugin } from './admission.ts';
import type { AdmissionStore } from './admission-store.ts';
import { defaultOf } from './default-class.ts';

const annotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
const claimAnnotation = 'volume.beta.kubernetes.io/storage-class';

export function createDefaultStorageClass(store: AdmissionStore): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    admit({ operation, resource, subresource, object }) {
      if (operation !== 'CREATE' || resource !== persistentVolumeClaims || subresource) return;
      const claim = object as PersistentVolumeClaim;
      if (!claim.spec || claim.spec.storageClassName !== undefined || claim.metadata?.annotations?.[claimAnnotation] !== undefined) return;
      const found = defaultOf(store.list(storageClasses), annotations);
      if (found?.metadata?.name) claim.spec.storageClassName = found.metadata.name;
    },
  };
}
