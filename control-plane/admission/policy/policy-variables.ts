/** What expressions of policies and match conditions see. */
import { namespaces } from '../../../api/resources.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { AdmissionStore } from '../admission-store.ts';
import type { AdmissionRequest } from '../match/admission-request.ts';

export const requestVariables: readonly string[] = ['object', 'oldObject', 'request'];
export const policyExpressionVariables: readonly string[] = ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables'];

export function policyVariables(request: AdmissionRequest, attributes: AdmissionAttributes, store: AdmissionStore): Record<string, unknown> {
  const { object, oldObject, ...rest } = request;
  const namespace = attributes.resource === namespaces ? undefined : attributes.namespace;
  return {
    object, oldObject, request: { ...rest, object, oldObject },
    namespaceObject: namespace ? store.get(namespaces, undefined, namespace) ?? null : null,
  };
}
