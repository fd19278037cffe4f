import { describe, expect, it } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/flowcontrol.ts';
import { FakeClock } from '../../../machinery/testing/fake-clock.ts';
import { createMemoryStore } from '../../storage/memory-store.ts';
import { FairLimits } from './fair-limits.ts';
import type { Release } from './fair-queue.ts';
import { findFlowSchema, FlowConfiguration, suggestedRules, type FlowRequest, type FlowRules } from './flow-configuration.ts';

const anything: FlowRequest = { isResource: true, verb: 'get', group: '', resource: 'pods', subresource: '', namespace: 'team' };
const authenticated = (name: string, ...groups: string[]) => ({ name, groups: [...groups, 'system:authenticated'] });
const jane = authenticated('jane');
const node = authenticated('system:node:pi', 'system:nodes');
const account = (namespace: string) => authenticated(`system:serviceaccount:${namespace}:x`, 'system:serviceaccounts', `system:serviceaccounts:${namespace}`);

function setUp(options: { maxInFlight: number; rules?: FlowRules }) {
  const limits = new FairLimits({ maxInFlight: options.maxInFlight, clock: new FakeClock(), ...(options.rules ? { flows: { current: options.rules } } : {}) });
  const running: Release[] = [];
  let refused = 0;
  const enter = (user: { name: string; groups: string[] }, count = 1, request = anything) => {
    const before = [running.length, refused];
    for (let turn = 0; turn < count; turn++) limits.enter(user, request, (release) => running.push(release), () => { refused += 1; });
    return { ran: running.length - before[0]!, refused: refused - before[1]! };
  };
  return { enter, running };
}

describe('FairLimits', () => {
  it.each([
    ['exempt', authenticated('admin', 'system:masters'), {}],
    ['system', node, {}],
    ['node-high', node, { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' }],
    ['leader-election', account('kube-system'), { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-system' }],
    ['workload-high', account('kube-system'), {}],
    ['workload-low', account('a'), {}],
    ['global-default', jane, {}],
    ['global-default', { name: 'system:anonymous', groups: ['system:unauthenticated'] }, {}],
  ])('begins with %s for %j %j', (level, user, request) => {
    expect(findFlowSchema(suggestedRules(), user, { ...anything, ...request })?.spec?.priorityLevelConfiguration.name).toBe(level);
  });

  it('has what is mandatory also where the store has nothing', () => {
    const flows = new FlowConfiguration(createMemoryStore());
    const levelFor = (user: { name: string; groups: string[] }) => findFlowSchema(flows.current, user, anything)?.spec?.priorityLevelConfiguration.name;
    expect([levelFor(authenticated('admin', 'system:masters')), levelFor(jane)]).toEqual(['exempt', 'catch-all']);
    expect([...flows.current.levels.keys()]).toEqual(['catch-all', 'exempt']);
    flows.stop();
  });

  it('keeps seats of other levels free in a flood', () => {
    const { enter } = setUp({ maxInFlight: 490 });
    // 40 seats of global-default, 260 that others lend.
    expect(enter(jane, 1_000).ran).toBe(300);
    expect(enter(node, 1)).toEqual({ ran: 1, refused: 0 });
    expect(enter(authenticated('admin', 'system:masters'), 400)).toEqual({ ran: 400, refused: 0 });
  });
});

describe('levels that lend', () => {
  const level = (name: string, spec: object): [string, PriorityLevelConfiguration] =>
    [name, { metadata: { name }, spec: { type: 'Limited', limited: { nominalConcurrencyShares: 10, limitResponse: { type: 'Queue', queuing: { queues: 1, queueLengthLimit: 50 } }, ...spec } } }];
  const schemaOf = (name: string): FlowSchema => ({
    metadata: { name }, spec: { priorityLevelConfiguration: { name }, rules: [{ subjects: [{ kind: 'User', user: { name } }], resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }] }] },
  });
  const rulesOf = (levels: Record<string, object>): FlowRules => ({ schemas: Object.keys(levels).map(schemaOf), levels: new Map(Object.entries(levels).map(([name, spec]) => level(name, spec))) });
  const user = (name: string) => ({ name, groups: [] });

  it('give up what they lend and do not need, and have their own seats at once', () => {
    const { enter } = setUp({ maxInFlight: 20, rules: rulesOf({ busy: {}, lender: { lendablePercent: 50 } }) });
    expect(enter(user('busy'), 20).ran).toBe(15);
    expect(enter(user('lender'), 20).ran).toBe(10);
  });

  it('lend nothing that they use', () => {
    const { enter } = setUp({ maxInFlight: 20, rules: rulesOf({ busy: {}, lender: { lendablePercent: 50 } }) });
    enter(user('lender'), 8);
    expect(enter(user('busy'), 20).ran).toBe(12);
  });

  it('borrow no more than they may', () => {
    const { enter } = setUp({ maxInFlight: 20, rules: rulesOf({ busy: { borrowingLimitPercent: 20 }, lender: { lendablePercent: 100 } }) });
    expect(enter(user('busy'), 20).ran).toBe(12);
  });

  it('serve who waits in another level when they need a seat no more', () => {
    const { enter, running } = setUp({ maxInFlight: 20, rules: rulesOf({ lender: { lendablePercent: 100 }, busy: {} }) });
    enter(user('lender'), 10);
    expect(enter(user('busy'), 15).ran).toBe(10);
    running[0]!();
    expect(running).toHaveLength(21);
    running[20]!();
    expect(running).toHaveLength(22);
    running[10]!();
    expect(running).toHaveLength(23);
  });
});
