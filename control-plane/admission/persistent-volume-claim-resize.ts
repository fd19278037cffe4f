/** A claim grows only where its class allows it. Follows plugin/pkg/admission/storage/persistentvolume/resize. */
import type { PersistentVolumeClaim } from '../../api/core.ts';
import { compareQuantities } from '../../api/quantity.ts';
import { persistentVolumeClaims, storageClasses } from '../../api/resources.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionPlugin } from './admission.ts';
import type { AdmissionStore } from './admission-store.ts';

export function createPersistentVolumeClaimResize(store: AdmissionStore): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate(attributes) {
      if (attributes.operation !== 'UPDATE' || attributes.resource !== persistentVolumeClaims || attributes.subresource) return;
      const old = attributes.old as PersistentVolumeClaim;
      const wanted = (attributes.object as PersistentVolumeClaim).spec?.resources?.requests?.['storage'];
      if (wanted === undefined || compareQuantities(wanted, old.spec?.resources?.requests?.['storage'] ?? '0') <= 0) return;
      if (old.status?.phase !== 'Bound') throw newAdmissionForbidden(attributes, 'Only bound persistent volume claims can be expanded');
      const className = old.spec?.storageClassName;
      const found = className ? store.get(storageClasses, undefined, className) : undefined;
      if (!found?.allowVolumeExpansion) {
        throw newAdmissionForbidden(attributes, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
      }
    },
  };
}
