/** A board changes itself, its pods and its lease, nothing else. Follows plugin/pkg/admission/noderestriction. */
import type { Node, Pod } from '../../api/core.ts';
import { csiNodes, leases, nodes, pods, serviceAccounts } from '../../api/resources.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import type { AdmissionStore } from './admission-store.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const leaseNamespace = 'kube-node-lease';
/** Labels that a node may give itself under kubernetes.io and k8s.io. */
const ownLabels = new Set([
  'kubernetes.io/hostname', 'kubernetes.io/os', 'kubernetes.io/arch', 'beta.kubernetes.io/os', 'beta.kubernetes.io/arch', 'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type', 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region',
]);
const ownPrefixes: readonly string[] = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

export function createNodeRestriction(store: AdmissionStore): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    admit(attributes) {
      const { user, resource } = attributes;
      if (!user.groups.includes('system:nodes')) return;
      const node = user.name.startsWith('system:node:') ? user.name.slice('system:node:'.length) : '';
      if (node === '') throw newAdmissionForbidden(attributes, `could not determine node from user ${JSON.stringify(user.name)}`);
      if (resource === pods) checkPod(attributes, node, store);
      else if (resource === nodes) checkNode(attributes, node);
      else if (resource === serviceAccounts && attributes.subresource === 'token') checkToken(attributes, node, store);
      else if (resource === leases) checkLease(attributes, node);
      else if (resource === csiNodes) checkCsiNode(attributes, node);
    },
  };
}

function checkPod(attributes: AdmissionAttributes, node: string, store: AdmissionStore): void {
  const { operation, subresource, namespace } = attributes;
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  const old = (attributes.old ?? store.get(pods, namespace, attributes.name)) as Pod | undefined;
  if (subresource === 'eviction') {
    if (old && old.spec?.nodeName !== node) refuse(`node "${node}" can only evict pods with spec.nodeName set to itself`);
    return;
  }
  if (subresource === 'status') {
    if (old?.spec?.nodeName !== node) refuse(`node "${node}" can only update pod status for pods with spec.nodeName set to itself`);
    if (!deepEqual(attributes.object?.metadata?.labels ?? {}, old?.metadata?.labels ?? {})) refuse(`node "${node}" cannot update labels through pod status`);
    return;
  }
  if (subresource) return refuse(`unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`);
  if (operation === 'CREATE') return checkMirrorPod(attributes, node);
  if (operation !== 'DELETE') return refuse(`unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`);
  if (old && old.spec?.nodeName !== node) refuse(`node "${node}" can only delete pods with spec.nodeName set to itself`);
}

function checkMirrorPod(attributes: AdmissionAttributes, node: string): void {
  const { metadata, spec } = attributes.object as Pod;
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  if (metadata?.annotations?.[mirrorAnnotation] === undefined) refuse(`pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`);
  if (spec?.nodeName !== node) refuse(`node "${node}" can only create pods with spec.nodeName set to itself`);
  const owners = metadata?.ownerReferences ?? [];
  if (owners.length !== 1 || owners[0]!.kind !== 'Node' || owners[0]!.name !== node) refuse(`node "${node}" can only create pods with an owner reference set to itself`);
  if (spec?.serviceAccountName) refuse(`node "${node}" can not create pods that reference a service account`);
  for (const volume of spec?.volumes ?? []) {
    for (const [field, what] of [['secret', 'secrets'], ['configMap', 'configmaps'], ['persistentVolumeClaim', 'persistentvolumeclaims']] as const) {
      if (volume[field]) refuse(`node "${node}" can not create pods that reference ${what}`);
    }
  }
}

function checkNode(attributes: AdmissionAttributes, node: string): void {
  const { operation } = attributes;
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  const object = attributes.object as Node | undefined;
  const old = attributes.old as Node | undefined;
  const name = attributes.name || (object?.metadata?.name ?? '');
  if (name !== node) refuse(`node "${node}" is not allowed to modify node "${name}"`);
  if (operation === 'CREATE' || operation === 'UPDATE') {
    const forbidden = changedLabels(object?.metadata?.labels ?? {}, old?.metadata?.labels ?? {}).filter((label) => !mayLabel(label));
    if (forbidden.length > 0) refuse(operation === 'CREATE' ? `node "${node}" is not allowed to set the following labels: ${forbidden.join(', ')}` : `is not allowed to modify labels: ${forbidden.join(', ')}`);
  }
  if (operation === 'UPDATE') {
    if (!deepEqual(object?.spec?.taints ?? [], old?.spec?.taints ?? [])) refuse(`node "${node}" is not allowed to modify taints`);
    if (!deepEqual(object?.metadata?.ownerReferences ?? [], old?.metadata?.ownerReferences ?? [])) refuse(`node "${node}" is not allowed to modify ownerReferences`);
  }
}

function changedLabels(now: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]).sort();
}

/** Labels of other domains are the node's; of Kubernetes' own domain only some. */
function mayLabel(key: string): boolean {
  if (ownLabels.has(key)) return true;
  const slash = key.indexOf('/');
  if (slash < 0) return true;
  const domain = key.slice(0, slash);
  if (domain === 'node-restriction.kubernetes.io' || domain.endsWith('.node-restriction.kubernetes.io')) return false;
  if (ownPrefixes.some((prefix) => domain === prefix || domain.endsWith(`.${prefix}`))) return true;
  return !['kubernetes.io', 'k8s.io'].some((suffix) => domain === suffix || domain.endsWith(`.${suffix}`));
}

interface TokenRequest {
  spec?: { boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string } };
}

function checkToken(attributes: AdmissionAttributes, node: string, store: AdmissionStore): void {
  const reference = (attributes.object as TokenRequest | undefined)?.spec?.boundObjectRef;
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  if (!reference || reference.kind !== 'Pod' || reference.apiVersion !== 'v1' || !reference.name) return refuse('node requested token not bound to a pod');
  if (!reference.uid) refuse('node requested token with a pod binding without a uid');
  const pod = store.get(pods, attributes.namespace, reference.name);
  if (!pod) return refuse(`pod "${reference.name}" not found`);
  if (pod.metadata?.uid !== reference.uid) refuse(`the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
  if (pod.spec?.nodeName !== node) refuse('node requested token bound to a pod scheduled on a different node');
}

function checkLease(attributes: AdmissionAttributes, node: string): void {
  if (attributes.namespace !== leaseNamespace) throw newAdmissionForbidden(attributes, `can only access leases in the "${leaseNamespace}" system namespace`);
  const name = attributes.name || attributes.object?.metadata?.name;
  if (name !== node) throw newAdmissionForbidden(attributes, 'can only access node lease with the same name as the requesting node');
}

function checkCsiNode(attributes: AdmissionAttributes, node: string): void {
  const name = attributes.name || attributes.object?.metadata?.name;
  if (name !== node) throw newAdmissionForbidden(attributes, 'can only access CSINode with the same name as the requesting node');
}
