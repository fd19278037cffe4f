/** What expressions of policies and match conditions see. Follows k8s.io/apiserver/pkg/admission/plugin/cel. */
import { namespaces } from '../../../api/resources.ts';
import { bool, dyn, int, listOf, mapOf, string, timestamp, type CelType } from '../../cel/types.ts';
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

export interface VariableTypes {
  /** Of `object` and `oldObject`. Default: not known. */
  object?: CelType;
  params?: CelType;
}

/** Of the match conditions of webhooks. */
export const conditionVariables: Readonly<Record<string, CelType>> = { object: dyn, oldObject: dyn, request: requestType };

/** Of policies; those with parameters see `params` too. */
export function policyVariableTypes({ spec }: { spec?: { paramKind?: object } | undefined }, { object = dyn, params = dyn }: VariableTypes = {}): Readonly<Record<string, CelType>> {
  return { object, oldObject: object, request: requestType, namespaceObject: namespaceType, ...(spec?.paramKind ? { params } : {}) };
}

export function policyVariables(request: AdmissionRequest, attributes: AdmissionAttributes, store: AdmissionStore): Record<string, unknown> {
  const { object, oldObject, uid: _, ...rest } = request;
  const namespace = attributes.resource === namespaces ? undefined : attributes.namespace;
  return {
    object, oldObject, request: rest,
    namespaceObject: namespace ? store.get(namespaces, undefined, namespace) ?? null : null,
  };
}
