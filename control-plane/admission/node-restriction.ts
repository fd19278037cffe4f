/** A board changes itself, its pods and its lease, nothing else. Follows plugin/pkg/admission/noderestriction. */
import type { Node, PersistentVolumeClaim, Pod } from '../../api/core.ts';
import { newNotFound } from '../../api/errors.ts';
import { csiNodes, leases, nodes, persistentVolumeClaims, pods, serviceAccounts } from '../../api/resources.ts';
import { objectsNeededBy } from '../gateway/needed-objects.ts';
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
      const { operation, user, resource } = attributes;
      if (operation === 'CONNECT') return;
      if (!user.groups.includes('system:nodes')) return;
      const node = user.name.startsWith('system:node:') ? user.name.slice('system:node:'.length) : '';
      if (node === '') throw newAdmissionForbidden(attributes, `could not determine node from user ${JSON.stringify(user.name)}`);
      if (resource === pods) checkPod(attributes, node, store);
      else if (resource === nodes) checkNode(attributes, node);
      else if (resource === persistentVolumeClaims) checkClaim(attributes, node);
      else if (resource === serviceAccounts && attributes.subresource === 'token') checkToken(attributes, node, store);
      else if (resource === leases) checkLease(attributes, node);
      else if (resource === csiNodes) checkCsiNode(attributes, node);
    },
  };
}

function checkPod(attributes: AdmissionAttributes, node: string, store: AdmissionStore): void {
  const { operation, subresource } = attributes;
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  if (subresource === 'status') return checkPodStatus(attributes, node);
  if (subresource === 'eviction') {
    if (existingPod(attributes, store).spec?.nodeName !== node) refuse(`node ${node} can only evict pods with spec.nodeName set to itself`);
    return;
  }
  if (subresource) return refuse(`unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`);
  if (operation === 'CREATE') return checkMirrorPod(attributes, node, store);
  if (operation !== 'DELETE') return refuse(`unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`);
  if (existingPod(attributes, store).spec?.nodeName !== node) refuse(`node "${node}" can only delete pods with spec.nodeName set to itself`);
}

function existingPod({ namespace, name, object }: AdmissionAttributes, store: AdmissionStore): Pod {
  const wanted = name || (object?.metadata?.name ?? '');
  const found = store.get(pods, namespace, wanted);
  if (!found) throw newNotFound(pods, wanted);
  return found;
}

function checkPodStatus(attributes: AdmissionAttributes, node: string): void {
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  if (attributes.operation !== 'UPDATE') return refuse(`unexpected operation "${attributes.operation}"`);
  const old = attributes.old as Pod | undefined;
  const now = attributes.object as Pod | undefined;
  if (old?.spec?.nodeName !== node) refuse(`node "${node}" can only update pod status for pods with spec.nodeName set to itself`);
  if (!deepEqual(now?.metadata?.labels ?? {}, old?.metadata?.labels ?? {})) refuse(`node "${node}" cannot update labels through pod status`);
  if (!deepEqual(now?.status?.resourceClaimStatuses ?? [], old?.status?.resourceClaimStatuses ?? [])) refuse(`node "${node}" cannot update resource claim statues`);
}

/** A mirror pod of this very node that leads to nothing else in the API. */
function checkMirrorPod(attributes: AdmissionAttributes, node: string, store: AdmissionStore): void {
  const pod = attributes.object as Pod;
  const { metadata, spec } = pod;
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  if (metadata?.annotations?.[mirrorAnnotation] === undefined) refuse(`pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`);
  if (spec?.nodeName !== node) refuse(`node "${node}" can only create pods with spec.nodeName set to itself`);
  checkMirrorOwner(attributes, node, store);
  const cannotReference = (what: string): never => refuse(`node "${node}" can not create pods that reference ${what}`);
  if (spec?.serviceAccountName) cannotReference('a service account');
  const needed = objectsNeededBy([pod]);
  if (needed.secrets.size > 0) cannotReference('secrets');
  if (needed.configMaps.size > 0) cannotReference('configmaps');
  if (spec?.volumes?.some(({ projected }) => projected?.sources?.some((source) => source.clusterTrustBundle))) cannotReference('clustertrustbundles');
  if (spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim)) cannotReference('persistentvolumeclaims');
  if (spec?.resourceClaims?.length) cannotReference('resourceclaims');
}

function checkMirrorOwner(attributes: AdmissionAttributes, node: string, store: AdmissionStore): void {
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  const owners = attributes.object?.metadata?.ownerReferences ?? [];
  const [owner] = owners;
  if (owners.length > 1) refuse(`node "${node}" can only create pods with a single owner reference set to itself`);
  if (!owner || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) return refuse(`node "${node}" can only create pods with an owner reference set to itself`);
  if (owner.controller !== true) refuse(`node "${node}" can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true) refuse(`node "${node}" must not set blockOwnerDeletion on an owner reference`);
  const found = store.get(nodes, undefined, node);
  if (!found) throw newNotFound(nodes, node);
  if (owner.uid !== found.metadata?.uid) refuse(`node ${node} UID mismatch: expected ${owner.uid} got ${found.metadata?.uid}`);
}

/** What a kubelet reports of a claim: how big it has become. */
function checkClaim(attributes: AdmissionAttributes, node: string): void {
  if (attributes.subresource !== 'status') throw newAdmissionForbidden(attributes, 'may only update PVC status');
  const reported = (claim: PersistentVolumeClaim): unknown => {
    const { capacity: _capacity, conditions: _conditions, allocatedResources: _allocated, allocatedResourceStatuses: _statuses, ...status } = claim.status ?? {};
    const { resourceVersion: _version, managedFields: _fields, ...metadata } = claim.metadata ?? {};
    return { metadata, spec: claim.spec, status };
  };
  if (!deepEqual(reported(attributes.object as PersistentVolumeClaim), reported(attributes.old as PersistentVolumeClaim))) {
    throw newAdmissionForbidden(attributes, `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`);
  }
}

function checkNode(attributes: AdmissionAttributes, node: string): void {
  const { operation } = attributes;
  const refuse = (why: string): never => { throw newAdmissionForbidden(attributes, why); };
  const object = attributes.object as Node | undefined;
  const old = attributes.old as Node | undefined;
  const name = attributes.name || (object?.metadata?.name ?? '');
  if (name !== node) refuse(`node "${node}" is not allowed to modify node "${name}"`);
  if (object?.spec?.configSource && operation === 'CREATE') refuse(`node "${node}" is not allowed to create pods with a non-nil configSource`);
  if (object?.spec?.configSource && operation === 'UPDATE' && !deepEqual(object.spec.configSource, old?.spec?.configSource)) refuse(`node "${node}" is not allowed to update configSource to a new non-nil configSource`);
  if (operation === 'UPDATE' && !deepEqual(object?.spec?.taints ?? [], old?.spec?.taints ?? [])) refuse(`node "${node}" is not allowed to modify taints`);
  if (operation === 'CREATE' || operation === 'UPDATE') {
    const forbidden = changedLabels(object?.metadata?.labels ?? {}, old?.metadata?.labels ?? {}).filter((label) => !mayLabel(label));
    if (forbidden.length > 0) refuse(operation === 'CREATE' ? `node "${node}" is not allowed to set the following labels: ${forbidden.join(', ')}` : `is not allowed to modify labels: ${forbidden.join(', ')}`);
  }
  if (operation === 'UPDATE' && !deepEqual(object?.metadata?.ownerReferences ?? [], old?.metadata?.ownerReferences ?? [])) refuse(`node "${node}" is not allowed to modify ownerReferences`);
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
  if (!pod) throw newNotFound(pods, reference.name);
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
