/** The request as webhooks and policies see it. Follows k8s.io/api/admission/v1: AdmissionRequest. */
import type { KubernetesObject } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import { toScale } from '../../registry/scale.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { nameOf } from './match-rules.ts';

/** In another version of the same kind. */
export type Convert = (object: KubernetesObject, from: Resource, to: Resource) => KubernetesObject | Promise<KubernetesObject>;

export interface AdmissionRequest {
  uid: string;
  kind: GroupVersionKind;
  resource: GroupVersionResource;
  subResource?: string;
  requestKind: GroupVersionKind;
  requestResource: GroupVersionResource;
  requestSubResource?: string;
  name?: string;
  namespace?: string;
  operation: string;
  userInfo: { username: string; uid?: string; groups: readonly string[]; extra?: Readonly<Record<string, readonly string[]>> };
  object: KubernetesObject | null;
  oldObject: KubernetesObject | null;
  dryRun: boolean;
  options: KubernetesObject | null;
}

interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

interface GroupVersionResource {
  group: string;
  version: string;
  resource: string;
}

/** What subresources carry that is no object of the kind. */
const subresourceKinds: Readonly<Record<string, GroupVersionKind>> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  binding: { group: '', version: 'v1', kind: 'Binding' },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  exec: { group: '', version: 'v1', kind: 'PodExecOptions' },
  attach: { group: '', version: 'v1', kind: 'PodAttachOptions' },
  portforward: { group: '', version: 'v1', kind: 'PodPortForwardOptions' },
};

export interface RequestOptions {
  uid: string;
  attributes: AdmissionAttributes;
  /** In which the object is to be shown. */
  shownAs: Resource;
  convert: Convert;
}

export async function admissionRequest({ uid, attributes, shownAs, convert }: RequestOptions): Promise<AdmissionRequest> {
  const { operation, resource, subresource, namespace, user, dryRun, context } = attributes;
  const requested = context.requestResource ?? resource;
  const show = async (object: KubernetesObject | undefined): Promise<KubernetesObject | null> => {
    if (!object) return null;
    if (subresource === 'scale') return toScale(resource, object);
    return shownAs === resource || operation === 'CONNECT' ? object : convert(object, resource, shownAs);
  };
  const name = nameOf(attributes);
  const namespaceName = namespace ?? (resource.kind === 'Namespace' && resource.group === '' ? name : undefined);
  return {
    uid,
    kind: kindOf(shownAs, attributes), resource: resourceOf(shownAs), ...(subresource ? { subResource: subresource } : {}),
    requestKind: kindOf(requested, attributes), requestResource: resourceOf(requested), ...(subresource ? { requestSubResource: subresource } : {}),
    ...(name ? { name } : {}), ...(namespaceName ? { namespace: namespaceName } : {}),
    operation,
    userInfo: { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: user.groups, ...(user.extra ? { extra: user.extra } : {}) },
    object: await show(attributes.object), oldObject: await show(attributes.old),
    dryRun,
    options: optionsOf(attributes),
  };
}

function kindOf({ group, version, kind }: Resource, { subresource, object, operation }: AdmissionAttributes): GroupVersionKind {
  if (operation === 'CONNECT' && object?.kind) {
    const [objectGroup = '', objectVersion = ''] = object.apiVersion?.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
    return { group: objectGroup, version: objectVersion, kind: object.kind };
  }
  return (subresource && subresourceKinds[subresource]) || { group, version, kind };
}

function resourceOf({ group, version, plural }: Resource): GroupVersionResource {
  return { group, version, resource: plural };
}

function optionsOf({ operation, options, context, dryRun }: AdmissionAttributes): KubernetesObject | null {
  if (options) return options;
  if (operation !== 'CREATE' && operation !== 'UPDATE') return null;
  const { fieldManager, fieldValidation } = context as { fieldManager?: string; fieldValidation?: string };
  const kind = operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions';
  return { apiVersion: 'meta.k8s.io/v1', kind, ...(dryRun ? { dryRun: ['All'] } : {}), ...(fieldManager ? { fieldManager } : {}), ...(fieldValidation ? { fieldValidation } : {}) };
}
