/**
 * FlowSchemas and priority levels that a cluster begins with: nodes and the system before workloads, workloads before everybody
 * else. Source: k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap.
 */
import type { FlowSchema, PriorityLevelConfiguration, ResourcePolicyRule, Subject } from '../../../api/flowcontrol.ts';
import { everythingOf, flowSchema, groups, priorityLevel } from './mandatory-objects.ts';

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
