import { describe, expect, it } from 'vitest';
import { makeNodeStatus, sameSubstance, type NodeInputs } from './setters.ts';

const gibibyte = 1024 ** 3;
const base: NodeInputs = {
  facts: {
    architecture: 'arm64', hostname: 'pi-1', internalIP: '203.0.113.5', cpus: 4, memoryBytes: gibibyte, swapBytes: 0, diskBytes: 30 * gibibyte, machineID: 'm', systemUUID: 's',
    bootID: 'b', kernelVersion: '6.12', osImage: 'Debian GNU/Linux 13 (trixie)', containerRuntimeVersion: 'docker://26.1.5',
  },
  readings: { memoryAvailableBytes: gibibyte / 2, diskAvailableBytes: 20 * gibibyte, diskBytes: 30 * gibibyte, inodesFree: 900, inodes: 1000, processes: 200, processLimit: 32768 },
  images: [], kubeletVersion: 'v1.36.0+bramble-0.1.0', runtimeError: undefined, networkReady: true, now: '2026-11-21T08:00:00Z', previous: [],
};

function conditionOf(inputs: NodeInputs, type: string) {
  const found = makeNodeStatus(inputs).conditions?.find((condition) => condition.type === type);
  return [found?.status, found?.reason, found?.message];
}

describe('makeNodeStatus', () => {
  it('describes a healthy board as the kubelet does', () => {
    const status = makeNodeStatus(base);
    expect(status.capacity).toEqual({ cpu: '4', memory: '1048576Ki', 'ephemeral-storage': '31457280Ki', pods: '110' });
    expect(status.allocatable).toEqual({ cpu: '3950m', memory: '841318Ki', 'ephemeral-storage': '27Gi', pods: '110' });
    expect(status.addresses).toEqual([{ type: 'InternalIP', address: '203.0.113.5' }, { type: 'Hostname', address: 'pi-1' }]);
    expect(status.nodeInfo).toMatchObject({ architecture: 'arm64', kubeletVersion: 'v1.36.0+bramble-0.1.0', containerRuntimeVersion: 'docker://26.1.5' });
    expect(status.conditions?.map(({ type, status: value, reason, message }) => [type, value, reason, message])).toEqual([
      ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
      ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
      ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
      ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
    ]);
  });

  it.each([
    [{ ...base, readings: { ...base.readings, memoryAvailableBytes: 50 * 1024 ** 2 } }, 'MemoryPressure', ['True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available']],
    [{ ...base, readings: { ...base.readings, diskAvailableBytes: gibibyte } }, 'DiskPressure', ['True', 'KubeletHasDiskPressure', 'kubelet has disk pressure']],
    [{ ...base, readings: { ...base.readings, inodesFree: 1 } }, 'DiskPressure', ['True', 'KubeletHasDiskPressure', 'kubelet has disk pressure']],
    [{ ...base, readings: { ...base.readings, inodesFree: 0, inodes: 0 } }, 'DiskPressure', ['False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure']],
    [{ ...base, readings: { ...base.readings, processes: 32760 } }, 'PIDPressure', ['True', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available']],
    [{ ...base, runtimeError: 'refused' }, 'Ready', ['False', 'KubeletNotReady', 'container runtime is down']],
  ] as [NodeInputs, string, string[]][])('judges what is short (%#)', (inputs, type, expected) => {
    expect(conditionOf(inputs, type)).toEqual(expected);
  });

  it('is not ready before the pod network is there', () => {
    const [status, reason, message] = conditionOf({ ...base, networkReady: false }, 'Ready');
    expect([status, reason]).toEqual(['False', 'KubeletNotReady']);
    expect(message).toContain('NetworkReady=false reason:NetworkPluginNotReady');
  });

  it('keeps the time of the last change of each condition', () => {
    const before = makeNodeStatus(base);
    const later = makeNodeStatus({ ...base, now: '2026-11-21T09:00:00Z', runtimeError: 'down', previous: before.conditions! });
    expect(later.conditions?.find((one) => one.type === 'DiskPressure')).toMatchObject({ lastTransitionTime: '2026-11-21T08:00:00Z', lastHeartbeatTime: '2026-11-21T09:00:00Z' });
    expect(later.conditions?.find((one) => one.type === 'Ready')).toMatchObject({ lastTransitionTime: '2026-11-21T09:00:00Z' });
  });

  it('names the largest images, fifty at most', () => {
    const images = Array.from({ length: 60 }, (_one, index) => ({ names: [`image:${index}`], sizeBytes: index }));
    const { images: named } = makeNodeStatus({ ...base, images });
    expect(named).toHaveLength(50);
    expect(named?.[0]).toEqual({ names: ['image:59'], sizeBytes: 59 });
  });
});

describe('sameSubstance', () => {
  it('looks past the times', () => {
    expect(sameSubstance(makeNodeStatus(base), makeNodeStatus({ ...base, now: '2026-11-21T09:00:00Z' }))).toBe(true);
    expect(sameSubstance(makeNodeStatus(base), makeNodeStatus({ ...base, runtimeError: 'down' }))).toBe(false);
  });
});
