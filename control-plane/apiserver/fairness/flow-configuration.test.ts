import { describe, expect, it } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/flowcontrol.ts';
import { FakeClock } from '../../../machinery/testing/fake-clock.ts';
import { FairLimits } from './fair-limits.ts';
import { findFlowSchema, flowOf, type FlowRules } from './flow-configuration.ts';

const resourceRules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods', 'pods/log'], namespaces: ['team'] }];
function schema(name: string, rule: object, by?: string): FlowSchema {
  return { metadata: { name }, spec: { priorityLevelConfiguration: { name: 'mine' }, ...(by ? { distinguisherMethod: { type: by } } : {}), rules: [rule as never] } };
}
const jane = { name: 'jane', groups: ['developers'] };
const get = { isResource: true, verb: 'get', group: '', resource: 'pods', subresource: '', namespace: 'team' };
function matches(rule: object, request = {}, user: { name: string; groups: string[] } = jane): boolean {
  return findFlowSchema({ schemas: [schema('a', rule)], levels: new Map() }, user, { ...get, ...request }) !== undefined;
}

describe('a FlowSchema', () => {
  const subjects = [{ kind: 'Group', group: { name: 'developers' } }];
  it.each([[{}, true], [{ subresource: 'log' }, true], [{ subresource: 'exec' }, false], [{ verb: 'list' }, false], [{ namespace: 'other' }, false], [{ namespace: undefined }, false], [{ group: 'apps' }, false]])('matches resources: %j %s', (request, expected) => {
    expect(matches({ subjects, resourceRules }, request)).toBe(expected);
  });

  it.each([
    [{ kind: 'User', user: { name: 'jane' } }, true], [{ kind: 'User', user: { name: '*' } }, true], [{ kind: 'User', user: { name: 'joe' } }, false], [{ kind: 'Group', group: { name: 'others' } }, false],
  ])('matches users: %j %s', (subject, expected) => {
    expect(matches({ subjects: [subject], resourceRules })).toBe(expected);
  });

  it('matches service accounts and paths', () => {
    const robot = { name: 'system:serviceaccount:team:robot', groups: [] };
    const of = (name: string) => [{ kind: 'ServiceAccount', serviceAccount: { namespace: 'team', name } }];
    expect([matches({ subjects: of('robot'), resourceRules }, {}, robot), matches({ subjects: of('*'), resourceRules }, {}, robot), matches({ subjects: of('other'), resourceRules }, {}, robot)]).toEqual([true, true, false]);
    const nonResourceRules = [{ verbs: ['get'], nonResourceURLs: ['/openapi/*', '/version'] }];
    expect(['/openapi/v2', '/version', '/versions'].map((path) => matches({ subjects, nonResourceRules }, { isResource: false, path }))).toEqual([true, true, false]);
  });

  it('tells flows apart', () => {
    expect(['ByUser', 'ByNamespace', undefined].map((by) => flowOf(schema('a', {}, by), jane, get))).toEqual(['a/jane', 'a/team', 'a/']);
  });
});

describe('FairLimits with a configuration', () => {
  const level = (nominalConcurrencyShares: number, type: string): PriorityLevelConfiguration => ({ metadata: { name: 'mine' }, spec: { type: 'Limited', limited: { nominalConcurrencyShares, limitResponse: { type, ...(type === 'Queue' ? { queuing: { queues: 1, queueLengthLimit: 2 } } : {}) } } } });
  const rules = (mine: PriorityLevelConfiguration): FlowRules => ({
    schemas: [schema('a', { subjects: [{ kind: 'User', user: { name: 'jane' } }], resourceRules }, 'ByUser')],
    levels: new Map([['mine', mine], ['rest', { ...level(9, 'Reject'), metadata: { name: 'rest' } }]]),
  });

  it('gives seats by shares, queues or refuses, and follows changes', () => {
    const flows = { current: rules(level(1, 'Reject')) };
    const limits = new FairLimits({ maxInFlight: 20, clock: new FakeClock(), flows });
    let ran = 0;
    let refused = 0;
    const enter = () => limits.enter(jane, get, () => { ran += 1; }, () => { refused += 1; });
    for (let count = 0; count < 5; count++) enter();
    expect([ran, refused]).toEqual([2, 3]);
    flows.current = rules(level(1, 'Queue'));
    for (let count = 0; count < 3; count++) enter();
    expect([ran, refused]).toEqual([2, 4]);
    flows.current = rules(level(3, 'Queue'));
    enter();
    expect([ran, refused]).toEqual([5, 4]);
  });
});
