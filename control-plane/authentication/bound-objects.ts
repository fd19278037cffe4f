/** What a service account token is bound to: it dies with the object. Follows TokenREST in pkg/registry/core/serviceaccount/storage. */
import type { BoundObjectReference } from '../../api/authentication.ts';
import type { Pod } from '../../api/core.ts';
import { newBadRequest, newConflict, newNotFound } from '../../api/errors.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { nodes, pods, secrets, type Resource } from '../../api/resources.ts';
import type { AccountName } from './service-account-names.ts';

export type ObjectLookup = (resource: Resource, namespace: string | undefined, name: string) => KubernetesObject | undefined;

interface Reference {
  name: string;
  uid: string;
}

export interface BoundObjects {
  pod?: Reference;
  secret?: Reference;
  /** Without uid where the node is not there yet. */
  node?: { name: string; uid?: string };
}

/** @throws StatusError BadRequest, NotFound or Conflict. */
export function bindToken(lookup: ObjectLookup, account: AccountName, { apiVersion = '', kind = '', name = '', uid }: BoundObjectReference): BoundObjects {
  const find = (resource: Resource): KubernetesObject => {
    const found = lookup(resource, resource.namespaced ? account.namespace : undefined, name);
    if (!found) throw newNotFound(resource, name);
    if (uid && found.metadata?.uid !== uid) {
      throw newConflict({ group: '', plural: kind }, name, `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`);
    }
    return found;
  };
  const reference = (object: KubernetesObject): Reference => ({ name, uid: object.metadata?.uid ?? '' });
  const core = apiVersion === 'v1' || apiVersion === '';
  if (core && kind === 'Secret') return { secret: reference(find(secrets)) };
  if (core && kind === 'Node') return { node: reference(find(nodes)) };
  if (core && kind === 'Pod') {
    const pod = find(pods) as Pod;
    if (pod.spec?.serviceAccountName !== account.name) {
      throw newBadRequest(`cannot bind token for serviceaccount ${JSON.stringify(account.name)} to pod running with different serviceaccount name.`);
    }
    const nodeName = pod.spec.nodeName;
    const nodeUid = nodeName ? lookup(nodes, undefined, nodeName)?.metadata?.uid : undefined;
    return { pod: reference(pod), ...(nodeName ? { node: { name: nodeName, ...(nodeUid ? { uid: nodeUid } : {}) } } : {}) };
  }
  throw newBadRequest(`cannot bind token to object of type ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`);
}
