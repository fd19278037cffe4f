import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodCondition } from '../../api/core.ts';
import { mergeNodeMetadata, mergeNodeStatus } from './node-status.ts';
import { mergePodStatus } from './pod-status.ts';
import { sameForBoard } from './trim-objects.ts';

function condition(type: string, status: string, lastTransitionTime: string): PodCondition {
  return { type, status, lastTransitionTime };
}

describe('pod status', () => {
  const pod: Pod = {
    metadata: { name: 'p' },
    status: {
      phase: 'Pending', qosClass: 'Burstable', startTime: 'then',
      conditions: [condition('PodScheduled', 'True', 't0'), condition('Ready', 'False', 't0'), condition('DisruptionTarget', 'True', 't0')],
    },
  };

  it('takes what the board says and leaves what it does not own', () => {
    const merged = mergePodStatus(pod, {
      phase: 'Running', podIP: '198.18.0.2', qosClass: 'BestEffort', startTime: 'now',
      conditions: [condition('Ready', 'True', 't1'), condition('PodScheduled', 'False', 't1')],
    });
    expect(merged).toMatchObject({ phase: 'Running', podIP: '198.18.0.2', qosClass: 'Burstable', startTime: 'then' });
    expect(merged?.conditions).toEqual([condition('Ready', 'True', 't1'), condition('PodScheduled', 'True', 't0'), condition('DisruptionTarget', 'True', 't0')]);
  });

  it('keeps the time of a condition that did not change, and is then no change at all', () => {
    const first = mergePodStatus(pod, { phase: 'Pending', conditions: [condition('Ready', 'False', 't1')] });
    expect(first?.conditions?.[0]).toEqual(condition('Ready', 'False', 't0'));
    expect(mergePodStatus({ ...pod, status: first! }, { phase: 'Pending', conditions: [condition('Ready', 'False', 't2')] })).toBeUndefined();
  });

  it('does not bring an ended pod back to life', () => {
    const ended = { ...pod, status: { ...pod.status, phase: 'Failed', reason: 'Evicted' } };
    expect(mergePodStatus(ended, { phase: 'Running' })).toBeUndefined();
    expect(mergePodStatus(ended, { phase: 'Failed', reason: 'Evicted', containerStatuses: [] })).toMatchObject({ phase: 'Failed', containerStatuses: [] });
  });

  it('keeps how a pod ended when a board that forgot reports it again', () => {
    const container = (state: object) => ({ name: 'main', image: 'i', imageID: '', ready: false, restartCount: 0, state });
    const ends = container({ terminated: { exitCode: 1, message: 'last words' } });
    const status = { phase: 'Failed', reason: 'DeadlineExceeded', podIP: '198.18.0.2', conditions: [], containerStatuses: [ends, { ...container({ running: {} }), name: 'other' }] };
    const forgot = { phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 1 } }), { ...container({ terminated: { exitCode: 2 } }), name: 'other' }] };
    expect(mergePodStatus({ ...pod, status }, forgot)).toMatchObject({
      reason: 'DeadlineExceeded', podIP: '198.18.0.2', containerStatuses: [ends, { name: 'other', state: { terminated: { exitCode: 2 } } }],
    });
    expect(mergePodStatus({ ...pod, status: { ...status, containerStatuses: [ends] } }, { phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 1 } })] })).toBeUndefined();
  });
});

describe('node', () => {
  const node: Node = {
    metadata: { name: 'n', labels: { mine: '1', arch: 'arm' } },
    status: { capacity: { cpu: '1' }, conditions: [{ type: 'Ready', status: 'Unknown', lastTransitionTime: 't0' }, { type: 'NetworkUnavailable', status: 'False', lastTransitionTime: 't0' }] },
  };

  it('gets the labels of the board and keeps those of users', () => {
    expect(mergeNodeMetadata(node, { metadata: { labels: { arch: 'arm64' } } })?.metadata?.labels).toEqual({ mine: '1', arch: 'arm64' });
    expect(mergeNodeMetadata(node, { metadata: { labels: { arch: 'arm' } } })).toBeUndefined();
  });

  it('gets the conditions of the board and keeps those of others', () => {
    const merged = mergeNodeStatus(node, { capacity: { cpu: '4' }, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: 't1' }, { type: 'UnderVoltage', status: 'False' }] });
    expect(merged?.status?.capacity).toEqual({ cpu: '4' });
    expect(merged?.status?.conditions?.map(({ type, status, lastTransitionTime }) => [type, status, lastTransitionTime])).toEqual([
      ['Ready', 'True', 't1'], ['NetworkUnavailable', 'False', 't0'], ['UnderVoltage', 'False', undefined],
    ]);
  });

  it('is not written for a heartbeat alone', () => {
    expect(mergeNodeStatus(node, { conditions: [{ type: 'Ready', status: 'Unknown', lastHeartbeatTime: 't9', lastTransitionTime: 't9' }] })).toBeUndefined();
  });
});

describe('what a board need not hear of', () => {
  const pod: Pod = { metadata: { name: 'p', uid: 'u', resourceVersion: '1', labels: { a: 'b' } }, spec: { containers: [] }, status: { phase: 'Pending' } };
  const cases: [string, Pod, boolean][] = [
    ['its own status', { ...pod, metadata: { ...pod.metadata, resourceVersion: '2' }, status: { phase: 'Running' } }, true],
    ['that its node is not ready', { ...pod, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }, { type: 'ContainersReady', status: 'True' }] } }, false],
    ['its own unready container', { ...pod, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }, { type: 'ContainersReady', status: 'False' }] } }, true],
    ['that it is over', { ...pod, status: { phase: 'Failed' } }, false],
    ['a deletion', { ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'now' } }, false],
    ['a label', { ...pod, metadata: { ...pod.metadata, labels: {} } }, false],
    ['a spec', { ...pod, spec: { containers: [{ name: 'c' }] } }, false],
  ];
  for (const [title, changed, same] of cases) it(`${title}: ${same}`, () => expect(sameForBoard(pod, changed)).toBe(same));

  it('a condition that a readiness gate waits for: false', () => {
    const gated: Pod = { ...pod, spec: { containers: [], readinessGates: [{ conditionType: 'example.com/in' }] } };
    expect(sameForBoard(gated, { ...gated, status: { conditions: [{ type: 'example.com/in', status: 'True' }] } })).toBe(false);
    expect(sameForBoard(gated, { ...gated, status: { conditions: [{ type: 'example.com/other', status: 'True' }] } })).toBe(true);
  });
});
