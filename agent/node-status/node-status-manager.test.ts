import { describe, expect, it } from 'vitest';
import type { NodeStatus } from '../../api/core.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { NodeStatusManager } from './node-status-manager.ts';

const gibibyte = 1024 ** 3;

function managerWith(runtime: { down: boolean; hangs: boolean }) {
  const clock = new FakeClock();
  const reports: NodeStatus[] = [];
  let memory = gibibyte;
  let factsRead = 0;
  const answer = <T>(value: T): Promise<T> => {
    if (runtime.hangs) return new Promise<T>(() => {});
    return runtime.down ? Promise.reject(new Error('connect ENOENT')) : Promise.resolve(value);
  };
  const manager = new NodeStatusManager({
    nodeName: 'pi-1', dataDir: '/nowhere', bundleVersion: '0.1.0', clock, log: silentLogger,
    labels: { zone: 'shed' },
    runtime: {
      version: () => answer('26.1.5'),
      listImages: () => answer([{ id: 'sha256:1', tags: ['web:1'], digests: [], sizeBytes: 10, user: '' }]),
    },
    networkReady: () => true,
    report: (status) => reports.push(status),
    readFacts: async () => {
      factsRead++;
      return {
        architecture: 'arm64', hostname: 'pi-1', internalIP: '203.0.113.5', cpus: 4, memoryBytes: gibibyte, swapBytes: 0, diskBytes: gibibyte, machineID: '', systemUUID: '',
        bootID: '', kernelVersion: '', osImage: '', containerRuntimeVersion: 'docker://26.1.5',
      };
    },
    readReadings: async () => ({ memoryAvailableBytes: memory, diskAvailableBytes: gibibyte, diskBytes: gibibyte, inodesFree: 1, inodes: 1, processes: 1, processLimit: 100 }),
  });
  return { manager, clock, reports, setMemory: (bytes: number) => { memory = bytes; }, factsRead: () => factsRead };
}

const readyOf = (status: NodeStatus) => status.conditions?.find((condition) => condition.type === 'Ready');

describe('NodeStatusManager', () => {
  it('gives a node with the labels that the kubelet sets, and the board\'s own', async () => {
    const { manager } = managerWith({ down: false, hangs: false });
    const node = await manager.node();
    expect(node.metadata?.labels).toEqual({
      'beta.kubernetes.io/arch': 'arm64', 'beta.kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64', 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': 'pi-1', zone: 'shed',
    });
    expect(node.status?.images).toEqual([{ names: ['web:1'], sizeBytes: 10 }]);
    expect(manager.hostIPs).toEqual(['203.0.113.5']);
    expect(manager.allocatable['pods']).toBe('110');
  });

  it('reports only what changed, and every quarter of an hour', async () => {
    const { manager, clock, reports, setMemory, factsRead } = managerWith({ down: false, hangs: false });
    await manager.node();
    await manager.start();
    await clock.advance(60_000);
    expect(reports).toHaveLength(0);
    setMemory(1);
    await clock.advance(10_000);
    expect(reports).toHaveLength(1);
    expect(reports[0]!.conditions?.find((condition) => condition.type === 'MemoryPressure')?.status).toBe('True');
    await clock.advance(14 * 60_000);
    expect(reports).toHaveLength(1);
    await clock.advance(60_000);
    expect(reports).toHaveLength(2);
    expect(factsRead()).toBe(1);
    manager.stop();
    await clock.advance(60 * 60_000);
    expect(reports).toHaveLength(2);
  });

  it.each([{ down: true, hangs: false }, { down: false, hangs: true }])('is not ready while the engine is away: %j', async (state) => {
    const runtime = { down: false, hangs: false };
    const { manager, clock, reports } = managerWith(runtime);
    await manager.start();
    Object.assign(runtime, state);
    await clock.advance(20_000);
    expect(readyOf(reports.at(-1)!)).toMatchObject({ status: 'False', reason: 'KubeletNotReady', message: 'container runtime is down' });
    Object.assign(runtime, { down: false, hangs: false });
    await clock.advance(20_000);
    expect(readyOf(reports.at(-1)!)).toMatchObject({ status: 'True', reason: 'KubeletReady' });
    manager.stop();
  });
});
