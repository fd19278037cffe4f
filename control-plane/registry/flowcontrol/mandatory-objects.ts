/** FlowSchemas and priority levels that cannot be otherwise. Source: k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap. */
import type { FlowSchema, PolicyRulesWithSubjects, PriorityLevelConfiguration, PriorityLevelConfigurationSpec, Subject } from '../../../api/flowcontrol.ts';

export function priorityLevel(name: string, spec: PriorityLevelConfigurationSpec): PriorityLevelConfiguration {
  return { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'PriorityLevelConfiguration', metadata: { name }, spec };
}

interface FlowSchemaFacts {
  level: string;
  precedence: number;
  /** Requests of a flow wait together. Absent: all requests are one flow. */
  by?: 'ByUser' | 'ByNamespace';
  rule: PolicyRulesWithSubjects;
}

export function flowSchema(name: string, { level, precedence, by, rule }: FlowSchemaFacts): FlowSchema {
  return {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema', metadata: { name },
    spec: { priorityLevelConfiguration: { name: level }, matchingPrecedence: precedence, ...(by ? { distinguisherMethod: { type: by } } : {}), rules: [rule] },
  };
}

export function groups(...names: string[]): Subject[] {
  return names.map((name) => ({ kind: 'Group', group: { name } }));
}

/** Whatever they ask for. */
export function everythingOf(subjects: Subject[]): PolicyRulesWithSubjects {
  return {
    subjects,
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  };
}

export const mandatoryPriorityLevels: readonly PriorityLevelConfiguration[] = [
  priorityLevel('catch-all', { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } }),
  priorityLevel('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
];

export const mandatoryFlowSchemas: readonly FlowSchema[] = [
  flowSchema('exempt', { level: 'exempt', precedence: 1, rule: everythingOf(groups('system:masters')) }),
  flowSchema('catch-all', { level: 'catch-all', precedence: 10_000, by: 'ByUser', rule: everythingOf(groups('system:unauthenticated', 'system:authenticated')) }),
];
