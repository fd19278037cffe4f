/**
 * The FlowSchemas and priority levels of every cluster: the mandatory ones, which are always as they are here, and the
 * suggested ones, which are brought up to date until somebody takes them over.
 * Source: k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap, pkg/registry/flowcontrol/ensurer.
 */
import type { FlowSchema, PriorityLevelConfiguration, ResourcePolicyRule, Subject } from '../../../api/flowcontrol.ts';
import { isAlreadyExists } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../../machinery/client.ts';
import { everythingOf, flowSchema, groups, mandatoryFlowSchemas, mandatoryPriorityLevels, priorityLevel } from '../../registry/flowcontrol/mandatory-objects.ts';
import { semanticEqual } from '../semantic-equality.ts';

/** `true`: the cluster may change the spec. Whoever edits one sets it to `false`. */
export const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec';

const queue = (queues: number, handSize: number) => ({ type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } });

function limited(name: string, nominalConcurrencyShares: number, lendablePercent: number, limitResponse: ReturnType<typeof queue>): PriorityLevelConfiguration {
  return priorityLevel(name, { type: 'Limited', limited: { nominalConcurrencyShares, lendablePercent, limitResponse } });
}

export const suggestedPriorityLevels: readonly PriorityLevelConfiguration[] = [
  limited('system', 30, 33, queue(64, 6)),
  limited('node-high', 40, 25, queue(64, 6)),
  limited('leader-election', 10, 0, queue(16, 4)),
  limited('workload-high', 40, 50, queue(128, 6)),
  limited('workload-low', 100, 90, queue(128, 6)),
  limited('global-default', 20, 50, queue(128, 6)),
];

const users = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'User', user: { name } }));
const systemAccounts = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } }));
const rule = (verbs: string[], apiGroup: string, resources: string[], clusterScope = false): ResourcePolicyRule =>
  ({ verbs, apiGroups: [apiGroup], resources, namespaces: ['*'], ...(clusterScope ? { clusterScope } : {}) });

const everyone = groups('system:unauthenticated', 'system:authenticated');
const electing = ['get', 'create', 'update'];
const leases = rule(electing, 'coordination.k8s.io', ['leases']);
const manager = 'system:kube-controller-manager';

export const suggestedFlowSchemas: readonly FlowSchema[] = [
  flowSchema('system-nodes', { level: 'system', precedence: 500, by: 'ByUser', rule: everythingOf(groups('system:nodes')) }),
  flowSchema('system-node-high', {
    level: 'node-high', precedence: 400, by: 'ByUser',
    rule: { subjects: groups('system:nodes'), resourceRules: [rule(['*'], '', ['nodes', 'nodes/status'], true), rule(['*'], 'coordination.k8s.io', ['leases'])] },
  }),
  flowSchema('probes', {
    level: 'exempt', precedence: 2, rule: { subjects: everyone, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  }),
  flowSchema('system-leader-election', {
    level: 'leader-election', precedence: 100, by: 'ByUser',
    rule: { subjects: [...users(manager, 'system:kube-scheduler'), ...systemAccounts('*')], resourceRules: [leases] },
  }),
  flowSchema('workload-leader-election', {
    level: 'leader-election', precedence: 200, by: 'ByUser',
    rule: { subjects: systemAccounts('*'), resourceRules: [rule(electing, '', ['endpoints', 'configmaps']), leases] },
  }),
  flowSchema('endpoint-controller', {
    level: 'workload-high', precedence: 150, by: 'ByUser',
    rule: { subjects: [...users(manager), ...systemAccounts('endpoint-controller', 'endpointslicemirroring-controller')], resourceRules: [rule(electing, '', ['endpoints'])] },
  }),
  flowSchema('kube-controller-manager', { level: 'workload-high', precedence: 800, by: 'ByNamespace', rule: everythingOf(users(manager)) }),
  flowSchema('kube-scheduler', { level: 'workload-high', precedence: 800, by: 'ByNamespace', rule: everythingOf(users('system:kube-scheduler')) }),
  flowSchema('kube-system-service-accounts', { level: 'workload-high', precedence: 900, by: 'ByNamespace', rule: everythingOf(systemAccounts('*')) }),
  flowSchema('service-accounts', { level: 'workload-low', precedence: 9000, by: 'ByUser', rule: everythingOf(groups('system:serviceaccounts')) }),
  flowSchema('global-default', { level: 'global-default', precedence: 9900, by: 'ByUser', rule: everythingOf(everyone) }),
];

interface Configured extends KubernetesObject {
  spec?: unknown;
  status?: { conditions?: { type?: string; status?: string }[] };
}

/** Creates what is missing, mends what was changed and may not be. Idempotent; writes nothing when all is as it should be. */
export async function ensureFlowControlObjects(client: ApiClient): Promise<void> {
  const [levels, schemas] = [client.resource(priorityLevelConfigurations), client.resource(flowSchemas)];
  await ensureAll(levels, suggestedPriorityLevels, false);
  await ensureAll(levels, mandatoryPriorityLevels, true);
  await ensureAll(schemas, suggestedFlowSchemas, false);
  await ensureAll(schemas, mandatoryFlowSchemas, true);
}

async function ensureAll<T extends Configured>(client: ResourceClient<T>, wanted: readonly T[], mandatory: boolean): Promise<void> {
  const present = new Map((await client.list()).items.map((object) => [object.metadata?.name, object]));
  for (const object of wanted) await ensureOne(client, object, present.get(object.metadata?.name), mandatory);
}

async function ensureOne<T extends Configured>(client: ResourceClient<T>, wanted: T, found: T | undefined, mandatory: boolean): Promise<void> {
  const name = wanted.metadata?.name ?? '';
  if (!found) {
    try {
      await client.create({ ...wanted, metadata: { name, annotations: { [autoUpdateAnnotation]: 'true' } } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    return;
  }
  // An administrator's exempt shares stay.
  const same = semanticEqual({ ...found.spec as object, exempt: undefined }, { ...wanted.spec as object, exempt: undefined });
  if (same || !(mandatory || isOurs(found))) return;
  await client.modify(name, undefined, (copy) => ({ ...copy, spec: wanted.spec }));
}

/** Without the annotation, what was never changed since its creation is still the cluster's. */
function isOurs({ metadata }: KubernetesObject): boolean {
  const annotation = metadata?.annotations?.[autoUpdateAnnotation];
  return annotation === undefined ? metadata?.generation === 1 : annotation === 'true';
}
