/** What expressions of policies and match conditions see. Follows k8s.io/apiserver/pkg/admission/plugin/cel. */
import { namespaces } from '../../../api/resources.ts';
import type { Authorizer } from '../../authorization/authorizer.ts';
import { bool, dyn, int, listOf, mapOf, opaque, string, timestamp, type CelType } from '../../cel/types.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { AdmissionStore } from '../admission-store.ts';
import type { AdmissionRequest } from '../match/admission-request.ts';

const objectType = (name: string, fields: Readonly<Record<string, CelType>>): CelType => ({ kind: 'object', name, fields: new Map(Object.entries(fields)) });

const kindType = objectType('kubernetes.GroupVersionKind', { group: string, version: string, kind: string });
const resourceType = objectType('kubernetes.GroupVersionResource', { group: string, version: string, resource: string });

const requestType = objectType('kubernetes.AdmissionRequest', {
  kind: kindType, resource: resourceType, subResource: string, requestKind: kindType, requestResource: resourceType, requestSubResource: string,
  name: string, namespace: string, operation: string, dryRun: bool, options: dyn,
  userInfo: objectType('kubernetes.UserInfo', { username: string, uid: string, groups: listOf(string), extra: mapOf(string, listOf(string)) }),
});

const namespaceType = objectType('kubernetes.Namespace', {
  metadata: objectType('kubernetes.NamespaceMetadata', {
    name: string, generateName: string, namespace: string, labels: mapOf(string, string), annotations: mapOf(string, string), UID: string,
    creationTimestamp: timestamp, deletionGracePeriodSeconds: int, deletionTimestamp: timestamp, generation: int, resourceVersion: string, finalizers: listOf(string),
  }),
  spec: objectType('kubernetes.NamespaceSpec', { finalizers: listOf(string) }),
  status: objectType('kubernetes.NamespaceStatus', { phase: string }),
});

export const resourceCheckTypeName = 'kubernetes.authorization.ResourceCheck';
/** Its functions are in authorizer-library.ts. */
export const authorizerType = objectType('kubernetes.authorization.Authorizer', { requestResource: opaque(resourceCheckTypeName) });

export interface VariableTypes {
  /** Of `object` and `oldObject`. Default: not known. */
  object?: CelType;
  params?: CelType;
}

/** Of the match conditions of webhooks. */
export const conditionVariables: Readonly<Record<string, CelType>> = { object: dyn, oldObject: dyn, request: requestType, authorizer: authorizerType };

/** Of policies; those with parameters see `params` too. */
export function policyVariableTypes({ spec }: { spec?: { paramKind?: object } | undefined }, { object = dyn, params = dyn }: VariableTypes = {}): Readonly<Record<string, CelType>> {
  return { object, oldObject: object, request: requestType, namespaceObject: namespaceType, authorizer: authorizerType, ...(spec?.paramKind ? { params } : {}) };
}

export interface VariableSources {
  store: AdmissionStore;
  /** Absent: nobody may do anything, as far as expressions know. */
  authorizer?: Authorizer | undefined;
}

const nobody: Authorizer = { authorize: () => ({ decision: 'no opinion', reason: '' }) };

export async function policyVariables(request: AdmissionRequest, attributes: AdmissionAttributes, { store, authorizer = nobody }: VariableSources): Promise<Record<string, unknown>> {
  const { authorizerValue } = await import('./authorizer-library.ts');
  const { object, oldObject, uid: _, ...rest } = request;
  const namespace = attributes.resource === namespaces ? undefined : attributes.namespace;
  return {
    object, oldObject, request: rest, authorizer: () => authorizerValue(authorizer, attributes),
    namespaceObject: namespace ? store.get(namespaces, undefined, namespace) ?? null : null,
  };
}
