import { describe, expect, test } from 'vitest';
import { creationProblems, statusProblems, updateProblems } from '../../testing/strategy-problems.ts';
import { resourceQuotaStrategy as strategy } from './strategy.ts';

const scoped = (scopeName: string, operator: string, values?: string[]) => ({ scopeSelector: { matchExpressions: [{ scopeName, operator, values }] } });
const place = 'spec.scopeSelector.matchExpressions';

describe('a ResourceQuota', () => {
  test.each<[object, string[]]>([
    [{ hard: { cpu: '1', 'requests.storage': '1Gi', 'count/pods': '3', 'requests.example.com/gpu': '1', 'gold.storageclass.storage.k8s.io/requests.storage': '1Gi' } }, []],
    [{ hard: { pods: '5' }, scopes: ['BestEffort'] }, []],
    [{ hard: { pods: '5' }, ...scoped('PriorityClass', 'In', ['high']) }, []],
    [{ hard: { disk: '1' } }, ['spec.hard[disk]: Invalid value: "disk": must be a standard resource type or fully qualified', 'spec.hard[disk]: Invalid value: "disk": must be a standard resource for quota']],
    [{ hard: { storage: '1' } }, ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota']],
    [{ hard: { pods: '-1', services: '500m' } }, ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0', 'spec.hard[services]: Invalid value: "500m": must be an integer']],
    [{ hard: { services: '1' }, scopes: ['Terminating'] }, ['spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource']],
    [{ scopes: ['Terminating', 'NotTerminating', 'Else'] }, ['spec.scopes: Invalid value: ["Terminating","NotTerminating","Else"]: unsupported scope', 'spec.scopes: Invalid value: ["Terminating","NotTerminating","Else"]: conflicting scopes']],
    [scoped('PriorityClass', 'In'), [`${place}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`]],
    [scoped('BestEffort', 'In', ['x']), [`${place}.operator: Invalid value: "In": must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`]],
    [scoped('Else', 'Near'), [`${place}.scopeName: Invalid value: "Else": unsupported scope`, `${place}.operator: Invalid value: "Near": not a valid selector operator`]],
  ])('%.110j', (spec, expected) => expect(creationProblems(strategy, { spec })).toEqual(expected));

  test('keeps its scopes, in any order', () => {
    expect(updateProblems(strategy, { spec: { hard: { pods: '2' }, scopes: ['NotBestEffort', 'Terminating'] } }, { spec: { scopes: ['Terminating', 'NotBestEffort'] } })).toEqual([]);
    expect(updateProblems(strategy, { spec: { scopes: ['BestEffort'] } }, {})).toEqual(['spec.scopes: Invalid value: ["BestEffort"]: field is immutable']);
    expect(statusProblems(strategy, { used: { pods: '-1' } })).toEqual(['status.used[pods]: Invalid value: "-1": must be greater than or equal to 0']);
  });
});
