/** The admission chain of a cluster, in the order in which the plugins run. */
import type { Namespace } from '../../api/core.ts';
import { namespaces, serviceAccounts } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import { storageKey } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { createAdmissionChain } from './admission.ts';
import type { Admission, AdmissionPlugin } from './admission.ts';
import { createAdmissionStore } from './admission-store.ts';
import { createCertificateApproval, createCertificateSigning, createCertificateSubjectRestriction } from './certificate-admission.ts';
import { createDefaultIngressClass } from './default-ingress-class.ts';
import { createDefaultStorageClass } from './default-storage-class.ts';
import { createDefaultTolerationSeconds } from './default-toleration-seconds.ts';
import { createLimitRanger } from './limit-ranger.ts';
import { createNamespaceLifecycle } from './namespace-lifecycle.ts';
import { createNodeRestriction } from './node-restriction.ts';
import { createPersistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import { createPodSecurity } from './pod-security/pod-security.ts';
import { createPriority } from './priority.ts';
import { createResourceQuota } from './resource-quota/resource-quota.ts';
import { createRuntimeClassAdmission } from './runtime-class.ts';
import { createServiceAccountAdmission } from './service-account.ts';
import { createStorageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { createTaintNodesByCondition } from './taint-nodes-by-condition.ts';

export interface DefaultAdmissionOptions {
  storage: Pick<Storage, 'get' | 'list'>;
  clock: Clock;
  /** Its deletion is accepted but not visible in the store yet. */
  isNamespaceClosing?: (name: string) => boolean;
  /** Decides who may approve and sign certificates. Absent: nobody is asked (tests). */
  authorizer?: Authorizer;
  /** What runs after the built-in plugins and before the quota: webhooks, policies. */
  extensions?: readonly AdmissionPlugin[];
}

export function createDefaultAdmission(options: DefaultAdmissionOptions): Admission {
  const { storage, clock, authorizer, extensions = [], isNamespaceClosing = () => false } = options;
  const store = createAdmissionStore(storage);
  return createAdmissionChain([
    createNamespaceLifecycle({
      getNamespace: (name) => storage.get(storageKey(namespaces, undefined, name))?.object as Namespace | undefined,
      isClosing: isNamespaceClosing,
    }),
    createLimitRanger(store),
    createServiceAccountAdmission({
      clock,
      exists: (namespace, name) => storage.get(storageKey(serviceAccounts, namespace, name)) !== undefined,
    }),
    createNodeRestriction(store),
    createTaintNodesByCondition(),
    createPodSecurity(store),
    createPriority(store),
    createDefaultTolerationSeconds(),
    createDefaultStorageClass(store),
    createStorageObjectInUseProtection(),
    createPersistentVolumeClaimResize(store),
    createRuntimeClassAdmission(store),
    ...(authorizer ? [createCertificateApproval(authorizer), createCertificateSigning(authorizer)] : []),
    createCertificateSubjectRestriction(),
    createDefaultIngressClass(store),
    ...extensions,
    createResourceQuota(store, clock),
  ]);
}
