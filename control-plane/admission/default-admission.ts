/** The admission chain of a cluster, in the order in which the plugins run. */
import type { Namespace, ServiceAccount } from '../../api/core.ts';
import { namespaces, serviceAccounts } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { ObjectConverter } from '../registry/object-converter.ts';
import { storageKey } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { createAdmissionChain } from './admission.ts';
import type { Admission, AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { createAdmissionStore, type AdmissionStore } from './admission-store.ts';
import { createCertificateApproval, createCertificateSigning, createCertificateSubjectRestriction } from './certificate-admission.ts';
import { createDefaultIngressClass } from './default-ingress-class.ts';
import { createDefaultStorageClass } from './default-storage-class.ts';
import { createDefaultTolerationSeconds } from './default-toleration-seconds.ts';
import { createLimitRanger } from './limit-ranger.ts';
import { createNamespaceLifecycle } from './namespace-lifecycle.ts';
import { createNodeRestriction } from './node-restriction.ts';
import { createPersistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import { createExpressionAdmission } from './policy/expression-admission.ts';
import { createMutatingAdmissionPolicies } from './policy/mutating-admission-policy.ts';
import { createMatchConditions } from './policy/match-conditions.ts';
import { createValidatingAdmissionPolicies, type PolicyAdmissionOptions } from './policy/validating-admission-policy.ts';
import { createPodSecurity } from './pod-security/pod-security.ts';
import { createPodTopologyLabels } from './pod-topology-labels.ts';
import { createPriority } from './priority.ts';
import { createResourceQuota } from './resource-quota/resource-quota.ts';
import { UsageTallies } from './resource-quota/usage-tallies.ts';
import { createRuntimeClassAdmission } from './runtime-class.ts';
import { createServiceAccountAdmission } from './service-account.ts';
import { createStorageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { createTaintNodesByCondition } from './taint-nodes-by-condition.ts';
import { createMutatingWebhooks } from './webhook/mutating-webhooks.ts';
import { createValidatingWebhooks } from './webhook/validating-webhooks.ts';
import type { WebhookClient } from './webhook/webhook-client.ts';

export interface DefaultAdmissionOptions {
  /** One with `watch` keeps count for quotas. */
  storage: Pick<Storage, 'get' | 'list'> | Pick<Storage, 'get' | 'list' | 'watch' | 'revision'>;
  clock: Clock;
  /** Its deletion is accepted but not visible in the store yet. */
  isNamespaceClosing?: (name: string) => boolean;
  /** Decides who may approve and sign certificates. Absent: nobody is asked (tests). */
  authorizer?: Authorizer;
  /** What runs after the built-in plugins and before the webhooks. */
  extensions?: readonly AdmissionPlugin[];
  /** Absent: webhooks are not asked (tests of other things). */
  webhooks?: WebhookOptions;
}

export interface WebhookOptions {
  client: Pick<WebhookClient, 'post'>;
  logger: Logger;
  converter: ObjectConverter;
  findKind: PolicyAdmissionOptions['findKind'];
  newUid: () => string;
}

export function createDefaultAdmission(options: DefaultAdmissionOptions): Admission {
  const store = createAdmissionStore(options.storage);
  const builtIn = builtInPlugins(options, store);
  const outside = options.webhooks ? webhookPlugins(options.webhooks, { store, clock: options.clock, builtIn, authorizer: options.authorizer }) : [];
  return createAdmissionChain([...builtIn, ...outside, createResourceQuota({ store, clock: options.clock, tallies: talliesOf(options.storage) })]);
}

/** Only of a store that tells of changes. */
function talliesOf(storage: DefaultAdmissionOptions['storage']): UsageTallies | undefined {
  return 'watch' in storage ? new UsageTallies(storage) : undefined;
}

function webhookPlugins(
  { client, logger, converter, findKind, newUid }: WebhookOptions,
  { store, clock, builtIn, authorizer }: { store: AdmissionStore; clock: Clock; builtIn: readonly AdmissionPlugin[]; authorizer: Authorizer | undefined },
): AdmissionPlugin[] {
  const chain = createAdmissionChain(builtIn);
  const convert = converter.convert.bind(converter);
  const equivalents = converter.equivalents.bind(converter);
  const parts = { client, logger, conditions: createMatchConditions({ store, convert, authorizer }), newUid, store, clock, convert, equivalents };
  const policies = { store, convert, equivalents, findKind, authorizer };
  const mutating = createMutatingAdmissionPolicies({ ...policies, again: (attributes) => chain.admit(attributes) });
  const again = async (attributes: AdmissionAttributes): Promise<void> => {
    await chain.admit(attributes);
    await mutating.reinvoke(attributes);
  };
  return [createExpressionAdmission(), mutating, createMutatingWebhooks({ ...parts, again }), createValidatingAdmissionPolicies(policies), createValidatingWebhooks(parts)];
}

function builtInPlugins({ storage, clock, authorizer, extensions = [], isNamespaceClosing = () => false }: DefaultAdmissionOptions, store: AdmissionStore): AdmissionPlugin[] {
  return [
    createNamespaceLifecycle({
      getNamespace: (name) => storage.get(storageKey(namespaces, undefined, name))?.object as Namespace | undefined,
      isClosing: isNamespaceClosing,
    }),
    createLimitRanger(store),
    createServiceAccountAdmission({
      clock,
      get: (namespace, name) => storage.get(storageKey(serviceAccounts, namespace, name))?.object as ServiceAccount | undefined,
    }),
    createNodeRestriction(store),
    createTaintNodesByCondition(),
    createPodSecurity(store),
    createPodTopologyLabels(store),
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
  ];
}
