import { describe, expect, it } from 'vitest';
import type { Node, Toleration } from '../../../api/core.ts';
import { ago, makePod, testNow } from '../testing/builders.ts';
import { judgeSilence, nodeReadiness, silentNodeConditions, wantedTaints } from './node-health.ts';
import { evictionTime } from './taint-eviction.ts';

const node = (conditions: Record<string, string>, spec: Node['spec'] = {}): Node => ({
  metadata: { name: 'board', creationTimestamp: ago(500) }, spec,
  status: { conditions: Object.entries(conditions).map(([type, status]) => ({ type, status, reason: 'Said', lastHeartbeatTime: ago(60), lastTransitionTime: ago(100) })) },
});

describe('silentNodeConditions', () => {
  it('nobody vouches for what a silent node said', () => {
    const conditions = silentNodeConditions(node({ Ready: 'True', MemoryPressure: 'False', Custom: 'True' }), testNow);
    expect(conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['Ready', 'Unknown', 'NodeStatusUnknown'], ['MemoryPressure', 'Unknown', 'NodeStatusUnknown'], ['Custom', 'True', 'Said'],
      ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'], ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ]);
    expect(conditions?.[0]).toMatchObject({ message: 'Kubelet stopped posting node status.', lastHeartbeatTime: ago(60), lastTransitionTime: ago(0) });
  });

  it('says it once', () => {
    const silent = node({ Ready: 'True' });
    const conditions = silentNodeConditions(silent, testNow)!;
    expect(silentNodeConditions({ ...silent, status: { conditions } }, testNow + 60_000)).toBeUndefined();
  });
});

describe('judgeSilence', () => {
  it.each([
    { name: 'heard lately', heartbeatAt: 90, want: { silent: false, wait: 30_000, heartbeatAt: 90_000 } },
    { name: 'silent for the grace period', heartbeatAt: 60, want: { silent: true, heartbeatAt: 60_000 } },
    { name: 'checked a little late', heartbeatAt: 52, want: { silent: true, heartbeatAt: 52_000 } },
    { name: 'checked far too late: a second chance', heartbeatAt: 10, want: { silent: false, wait: 15_000, heartbeatAt: 75_000 } },
  ])('$name', ({ heartbeatAt, want }) => {
    expect(judgeSilence(heartbeatAt * 1000, 40_000, 100_000)).toEqual(want);
  });

  it('the second chance is the last', () => {
    const { heartbeatAt, wait = 0 } = judgeSilence(0, 40_000, 100_000);
    expect(judgeSilence(heartbeatAt, 40_000, 100_000 + wait).silent).toBe(true);
  });
});

describe('wantedTaints', () => {
  const taints = (conditions: Record<string, string>, spec: Node['spec'] = {}, fullDisruption = false) =>
    wantedTaints(node(conditions, spec), { now: testNow, fullDisruption }).map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`);

  it.each([
    { name: 'a ready node has none', conditions: { Ready: 'True' }, want: [] },
    { name: 'not ready', conditions: { Ready: 'False' }, want: ['not-ready:NoSchedule', 'not-ready:NoExecute'] },
    { name: 'silent', conditions: { Ready: 'Unknown' }, want: ['unreachable:NoSchedule', 'unreachable:NoExecute'] },
    { name: 'never heard of', conditions: {}, want: ['not-ready:NoSchedule'] },
    { name: 'no node is ready: nobody is driven out', conditions: { Ready: 'Unknown' }, full: true, want: ['unreachable:NoSchedule'] },
    { name: 'pressure', conditions: { Ready: 'True', MemoryPressure: 'True', DiskPressure: 'True', PIDPressure: 'True' }, want: ['memory-pressure:NoSchedule', 'disk-pressure:NoSchedule', 'pid-pressure:NoSchedule'] },
    { name: 'cordoned', conditions: { Ready: 'True' }, spec: { unschedulable: true }, want: ['unschedulable:NoSchedule'] },
    {
      name: 'taints of others stay, own ones go', conditions: { Ready: 'True' },
      spec: { taints: [{ key: 'dedicated', effect: 'NoExecute' }, { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }, { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }] }, want: ['dedicated:NoExecute'],
    },
  ])('$name', ({ conditions, spec, full, want }) => {
    expect(taints(conditions as Record<string, string>, spec, full)).toEqual(want);
  });

  it('keeps the time at which a taint was added', () => {
    const first = wantedTaints(node({ Ready: 'Unknown' }), { now: testNow, fullDisruption: false });
    expect(wantedTaints(node({ Ready: 'Unknown' }, { taints: first }), { now: testNow + 5000, fullDisruption: false })).toEqual(first);
  });

  it('a node without Ready condition is Unknown', () => {
    expect(nodeReadiness(node({}))).toBe('Unknown');
  });
});

describe('evictionTime', () => {
  const tainted = node({ Ready: 'Unknown' }, { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: ago(10) }, { key: 'other', effect: 'NoSchedule' }] });
  const unreachable: Toleration = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' };
  const cases: { name: string; tolerations: Toleration[]; want: number }[] = [
    { name: 'not tolerated: now', tolerations: [], want: testNow },
    { name: 'tolerated for some time', tolerations: [{ ...unreachable, tolerationSeconds: 300 }], want: testNow + 290_000 },
    { name: 'tolerated for ever', tolerations: [unreachable], want: Infinity },
    { name: 'everything tolerated', tolerations: [{ operator: 'Exists' }], want: Infinity },
    { name: 'the shortest counts', tolerations: [unreachable, { ...unreachable, tolerationSeconds: 20 }], want: testNow + 10_000 },
    { name: 'another effect does not', tolerations: [{ ...unreachable, effect: 'NoSchedule' }], want: testNow },
    { name: 'a negative time is none', tolerations: [{ ...unreachable, tolerationSeconds: -1 }], want: testNow - 10_000 },
  ];
  it.each(cases)('$name', ({ tolerations, want }) => {
    expect(evictionTime(makePod('a', { spec: { tolerations } }), tainted, testNow)).toBe(want);
  });
});
