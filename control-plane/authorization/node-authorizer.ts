/**
 * A node reads what its own pods name, and nothing else of the kinds that hold secrets. Boards get these things over NATS;
 * this is for kubelets and tools that use the API with a node's certificate. Follows plugin/pkg/auth/authorizer/node, reading
 * the node's pods instead of keeping a graph: such requests are rare here.
 */
import type { Pod } from '../../api/core.ts';
import { pods } from '../../api/resources.ts';
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
  const { group, resource, subresource } = attributes;
  if (group === '' && (resource === 'secrets' || resource === 'configmaps')) return decideNeeded(storage, node, attributes);
  if (group === '' && resource === 'persistentvolumeclaims' && attributes.verb === 'get') return decideNeeded(storage, node, attributes);
  if (group === '' && resource === 'pods') return decidePod(storage, node, attributes);
  if (group === '' && resource === 'nodes' && (attributes.verb === 'get' || attributes.verb === 'update' || attributes.verb === 'patch')) return decideNode(node, attributes);
  if (group === '' && resource === 'serviceaccounts') return subresource === 'token' && attributes.verb === 'create' ? decideNeeded(storage, node, attributes) : undefined;
  if (group === 'coordination.k8s.io' && resource === 'leases') return decideLease(node, attributes);
  return undefined;
}

const noRelation = (node: string): Decision => refused(`no relationship found between node '${node}' and this object`);

function decideNeeded(storage: Pick<Storage, 'list'>, node: string, { verb, resource, subresource, namespace, name }: ResourceAttributes): Decision {
  if (subresource && subresource !== 'token') return refused('cannot read subresource');
  if (!['get', 'list', 'watch', 'create'].includes(verb) || (verb === 'create' && resource !== 'serviceaccounts')) return refused('can only read resources of this type');
  if (!namespace) return refused('can only read namespaced object of this type');
  if (!name) return noRelation(node);
  const own = podsOf(storage, node, namespace);
  const needed = objectsNeededBy(own);
  const key = `${namespace}/${name}`;
  const found = resource === 'secrets' ? needed.secrets.has(key)
    : resource === 'configmaps' ? needed.configMaps.has(key)
      : resource === 'serviceaccounts' ? own.some(({ spec }) => spec?.serviceAccountName === name)
        : own.some(({ spec }) => spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name));
  return found ? allowed : noRelation(node);
}

function podsOf(storage: Pick<Storage, 'list'>, node: string, namespace: string): Pod[] {
  return storage.list(listPrefix(pods, namespace)).items.map(({ object }) => object as Pod).filter(({ spec }) => spec?.nodeName === node);
}

/** Single pods only where they are the node's; NodeRestriction sees to writes. */
function decidePod(storage: Pick<Storage, 'get'>, node: string, { verb, namespace, name }: ResourceAttributes): Decision | undefined {
  if (verb !== 'get' || !namespace || !name) return undefined;
  const pod = storage.get(storageKey(pods, namespace, name))?.object as Pod | undefined;
  return pod?.spec?.nodeName === node ? allowed : noRelation(node);
}

function decideNode(node: string, { name }: ResourceAttributes): Decision | undefined {
  return name === undefined || name === node ? undefined : refused(`node '${node}' cannot read '${name}', only its own Node object`);
}

function decideLease(node: string, { verb, namespace, name }: ResourceAttributes): Decision | undefined {
  if (verb === 'create') return namespace === 'kube-node-lease' ? allowed : refused('can only access leases in the "kube-node-lease" system namespace');
  if (namespace !== 'kube-node-lease') return refused('can only access leases in the "kube-node-lease" system namespace');
  return name === node ? undefined : refused('can only access node lease with the same name as the requesting node');
}

