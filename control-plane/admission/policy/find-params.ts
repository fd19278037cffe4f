/** The parameters of a binding. Follows k8s.io/apiserver/pkg/admission/plugin/policy/generic: CollectParams. */
import type { ParamKind, ParamRef } from '../../../api/admissionregistration.ts';
import { matches, selectorFromLabelSelector } from '../../../api/labels.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { AdmissionStore } from '../admission-store.ts';

export interface ParamSource {
  store: AdmissionStore;
  findKind: (apiVersion: string, kind: string) => Resource | undefined;
}

/** @returns the policy is evaluated once with each; null: without. @throws Error that says why they cannot be had. */
export function findParams({ store, findKind }: ParamSource, policy: { spec?: { paramKind?: ParamKind } }, { spec }: { spec?: { paramRef?: ParamRef } }, attributes: AdmissionAttributes): readonly (KubernetesObject | null)[] {
  const kind = policy.spec?.paramKind;
  const reference = spec?.paramRef;
  if (!kind || !reference) return [null];
  const resource = findKind(kind.apiVersion ?? '', kind.kind ?? '');
  if (!resource) throw new Error(`failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`);
  const namespace = resource.namespaced ? reference.namespace ?? attributes.namespace : undefined;
  if (resource.namespaced && !namespace) throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  if (!resource.namespaced && reference.namespace) throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const found = reference.name ? [store.get(resource, namespace, reference.name)].flatMap((one) => one ?? []) : selected(store, resource, namespace, reference.selector);
  if (found.length > 0) return found;
  if (reference.parameterNotFoundAction === 'Allow') return [];
  throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
}

function selected(store: AdmissionStore, resource: Resource, namespace: string | undefined, selector: Parameters<typeof selectorFromLabelSelector>[0]): readonly KubernetesObject[] {
  const requirements = selectorFromLabelSelector(selector) ?? [];
  return store.list(resource, namespace).filter(({ metadata }) => matches(requirements, metadata?.labels));
}
