/**
 * A node reads what its own pods name, and nothing else of the kinds that hold secrets. Boards get these things over NATS;
 * this is for kubelets and tools that use the API with a node's certificate. Follows plugin/pkg/auth/authorizer/node, reading
 * the node's pods instead of keeping a graph: such requests are rare here.
 */
import type { PersistentVolume, Pod } from '../../api/core.ts';
import { persistentVolumes, pods } from '../../api/resources.ts';
import { objectsNeededBy } from '../gateway/needed-objects.ts';
import { listPrefix, storageKey } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import type { Authorizer, Decision, ResourceAttributes } from './authorizer.ts';
import { clusterRoleTable } from './bootstrap-policy/cluster-roles.ts';
import { ruleAllows } from './policy-rules.ts';

const allowed: Decision = { decision: 'allow', reason: '' };
const noOpinion: Decision = { decision: 'no opinion', reason: '' };
const refused = (reason: string): Decision => ({ decision: 'no opinion', reason });
const userPrefix = 'system:node:';

export function createNodeAuthorizer(storage: Pick<Storage, 'get' | 'list'>): Authorizer {
  const rules = clusterRoleTable.find(({ metadata }) => metadata?.name === 'system:node')?.rules ?? [];
  return {
    authorize(attributes) {
      const { user } = attributes;
      if (!user.groups.includes('system:nodes')) return noOpinion;
      const node = user.name.startsWith(userPrefix) ? user.name.slice(userPrefix.length) : '';
      if (!node) return refused(`unknown node for user ${JSON.stringify(user.name)}`);
      if (attributes.isResource) {
        const decision = decideParticular(storage, node, attributes);
        if (decision) return decision;
      }
      return rules.some((rule) => ruleAllows(rule, attributes)) ? allowed : noOpinion;
    },
    rulesFor(user) {
      const isNode = user.groups.includes('system:nodes');
      return { rules: [], incomplete: isNode, evaluationError: isNode ? 'node authorizer does not support user rule resolution' : '' };
    },
  };
}

/** @returns undefined where the role system:node decides. */
function decideParticular(storage: Pick<Storage, 'get' | 'list'>, node: string, attributes: ResourceAttributes): Decision | undefined {
  const { group, resource, subresource, verb } = attributes;
  if (group === 'coordination.k8s.io' && resource === 'leases') return decideLease(node, attributes);
  if (group === 'storage.k8s.io' && resource === 'csinodes') return decideCsiNode(node, attributes);
  if (group !== '') return undefined;
  switch (resource) {
    case 'secrets': case 'configmaps': return decideNeeded(storage, node, attributes);
    case 'persistentvolumeclaims': return verb === 'get' || subresource === 'status' ? decideNeeded(storage, node, attributes) : undefined;
    case 'persistentvolumes': return verb === 'get' ? decideVolume(storage, node, attributes) : undefined;
    case 'pods': return subresource === '' ? decidePod(storage, node, attributes) : undefined;
    case 'nodes': return subresource === '' ? decideNode(node, attributes) : undefined;
    case 'serviceaccounts': return subresource === 'token' && verb === 'create' ? decideNeeded(storage, node, attributes) : undefined;
    default: return undefined;
  }
}

const noRelation = (node: string): Decision => refused(`no relationship found between node '${node}' and this object`);

function decideNeeded(storage: Pick<Storage, 'list'>, node: string, { verb, resource, subresource, namespace, name }: ResourceAttributes): Decision {
  const isStatus = resource === 'persistentvolumeclaims' && subresource === 'status';
  if (subresource && subresource !== 'token' && !isStatus) return refused('cannot read subresource');
  if (isStatus && !['get', 'update', 'patch'].includes(verb)) return refused('can only get/update/patch this type');
  if (!isStatus && (!['get', 'list', 'watch', 'create'].includes(verb) || (verb === 'create' && resource !== 'serviceaccounts'))) return refused('can only read resources of this type');
  if (!namespace) return refused('can only read namespaced object of this type');
  if (!name) return noRelation(node);
  const own = podsOf(storage, node, namespace);
  const needed = objectsNeededBy(own);
  const key = `${namespace}/${name}`;
  const found = resource === 'secrets' ? needed.secrets.has(key)
    : resource === 'configmaps' ? needed.configMaps.has(key)
      : resource === 'serviceaccounts' ? own.some(({ spec }) => spec?.serviceAccountName === name)
        : own.some((pod) => usesClaim(pod, name));
  return found ? allowed : noRelation(node);
}

function podsOf(storage: Pick<Storage, 'list'>, node: string, namespace: string): Pod[] {
  return storage.list(listPrefix(pods, namespace)).items.map(({ object }) => object as Pod).filter(({ spec }) => spec?.nodeName === node);
}

function usesClaim({ spec, metadata }: Pod, claim: string): boolean {
  // The claim of an ephemeral volume is named after the pod.
  return spec?.volumes?.some(({ name, persistentVolumeClaim, ephemeral }) => persistentVolumeClaim?.claimName === claim || (ephemeral !== undefined && `${metadata?.name}-${name}` === claim)) ?? false;
}

/** The volume whose claim one of its pods uses. */
function decideVolume(storage: Pick<Storage, 'get' | 'list'>, node: string, { subresource, name }: ResourceAttributes): Decision {
  if (subresource) return refused('cannot get subresource');
  const volume = name ? storage.get(storageKey(persistentVolumes, undefined, name))?.object as PersistentVolume | undefined : undefined;
  const { namespace = '', name: claim = '' } = volume?.spec?.claimRef ?? {};
  return namespace && podsOf(storage, node, namespace).some((pod) => usesClaim(pod, claim)) ? allowed : noRelation(node);
}

/** Only the node's; NodeRestriction sees to writes. */
function decidePod(storage: Pick<Storage, 'get'>, node: string, { verb, namespace, name, fieldSelector }: ResourceAttributes): Decision | undefined {
  const isList = verb === 'list' || verb === 'watch';
  if (isList && fieldSelector?.some(({ field, equal, value }) => field === 'spec.nodeName' && equal && value === node)) return allowed;
  if (isList && !name) return refused('can only list/watch pods with spec.nodeName field selector');
  if (verb !== 'get' && !isList) return undefined;
  const pod = name && namespace ? storage.get(storageKey(pods, namespace, name))?.object as Pod | undefined : undefined;
  return pod?.spec?.nodeName === node ? allowed : noRelation(node);
}

function decideNode(node: string, { verb, name }: ResourceAttributes): Decision | undefined {
  if (verb === 'create') return undefined;
  if (name === node) return undefined;
  return refused(name ? `node '${node}' cannot read '${name}', only its own Node object` : `node '${node}' cannot read all nodes, only its own Node object`);
}

function decideCsiNode(node: string, { verb, name, subresource }: ResourceAttributes): Decision | undefined {
  if (subresource) return refused('cannot authorize CSINode subresources');
  return verb === 'create' || name === node ? undefined : refused('can only access CSINode with the same name as the requesting node');
}

function decideLease(node: string, { verb, namespace, name }: ResourceAttributes): Decision | undefined {
  if (verb === 'create') return namespace === 'kube-node-lease' ? allowed : refused('can only access leases in the "kube-node-lease" system namespace');
  if (namespace !== 'kube-node-lease') return refused('can only access leases in the "kube-node-lease" system namespace');
  return name === node ? undefined : refused('can only access node lease with the same name as the requesting node');
}

