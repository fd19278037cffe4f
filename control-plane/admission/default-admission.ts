/** The admission chain of a cluster, in the order in which the plugins run. */
import type { Namespace } from '../../api/core.ts';
import { namespaces, serviceAccounts } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import { storageKey } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { createAdmissionChain } from './admission.ts';
import type { Admission } from './admission.ts';
import { createDefaultTolerationSeconds } from './default-toleration-seconds.ts';
import { createNamespaceLifecycle } from './namespace-lifecycle.ts';
import { createPriority } from './priority.ts';
import { createServiceAccountAdmission } from './service-account.ts';
import { createTaintNodesByCondition } from './taint-nodes-by-condition.ts';

export function createDefaultAdmission(options: {
  storage: Pick<Storage, 'get'>;
  clock: Clock;
  /** Its deletion is accepted but not visible in the store yet. */
  isNamespaceClosing?: (name: string) => boolean;
}): Admission {
  const { storage, clock, isNamespaceClosing = () => false } = options;
  return createAdmissionChain([
    createNamespaceLifecycle({
      getNamespace: (name) => storage.get(storageKey(namespaces, undefined, name))?.object as Namespace | undefined,
      isClosing: isNamespaceClosing,
    }),
    createServiceAccountAdmission({
      clock,
      exists: (namespace, name) => storage.get(storageKey(serviceAccounts, namespace, name)) !== undefined,
    }),
    createTaintNodesByCondition(),
    createPriority(),
    createDefaultTolerationSeconds(),
  ]);
}
