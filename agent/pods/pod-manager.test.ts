import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod, PodStatus } from '../../api/core.ts';
import type { EventReport, PodReport } from '../../api/messaging/messages.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { RuntimeError } from '../container-runtime/container-runtime.ts';
import { NetworkError } from '../network/pod-network.ts';
import type { ProbeKind } from '../prober/prober-manager.ts';
import { FakeRuntime } from '../testing/fake-runtime.ts';
import { InMemoryDesiredState } from '../testing/in-memory-desired-state.ts';
import { imageName, makeContainer, makePod } from '../testing/pod-builders.ts';
import { VolumeError, type MountedVolumes } from '../volumes/volume-manager.ts';
import { PodManager } from './pod-manager.ts';

const uid = 'uid-web';

let clock: FakeClock;
let runtime: FakeRuntime;
let state: InMemoryDesiredState;
let reports: PodReport[];
let events: EventReport[];
let manager: PodManager;
let unready: Set<string>;
let setUp: () => Promise<MountedVolumes>;
let network: () => Promise<void>;
let tornDown: string[];
let hooks: string[];
let reportUnhealthy: (podUid: string, containerId: string, kind: ProbeKind, message: string) => void;

function makeManager(): PodManager {
  return new PodManager({
    runtime, state, clock, logger: silentLogger,
    sink: { report: (report) => reports.push(report), event: (event) => events.push(event) },
    volumes: {
      setUp: () => setUp(), refresh: async () => {}, mountsFor: async () => [],
      tearDown: async (podUid) => { tornDown.push(podUid); }, podsWithVolumes: async () => [],
    },
    network: { ready: () => network(), remove: async () => {} },
    prober: {
      track() {}, untrack() {}, stop() {}, onChange() {}, onUnhealthy(handler) { reportUnhealthy = handler; },
      state: (id) => ({ started: true, ready: !unready.has(id) }),
    },
    lifecycle: { run: async (handler) => { hooks.push(handler.exec?.command?.join(' ') ?? ''); } },
    facts: { nodeName: 'board', hostIPs: () => ['203.0.113.1'], allocatable: () => ({ cpu: '1', memory: '1Gi' }), memoryBytes: 1 << 30 },
    readResolvConf: async () => 'nameserver 203.0.113.53\n',
  });
}

beforeEach(async () => {
  clock = new FakeClock();
  runtime = new FakeRuntime(clock);
  runtime.addImage(imageName);
  state = new InMemoryDesiredState();
  reports = [];
  events = [];
  unready = new Set();
  setUp = async () => new Map();
  network = async () => {};
  tornDown = [];
  hooks = [];
  manager = makeManager();
  manager.start();
  await settle();
});

/** Promise callbacks of a pod's whole way need some turns. */
async function settle(milliseconds = 0): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await clock.advance(0);
  if (milliseconds > 0) await clock.advance(milliseconds);
  for (let turn = 0; turn < 30; turn++) await clock.advance(0);
}

async function put(pod: Pod): Promise<void> {
  state.putPod(pod);
  await settle();
}

function deleted(pod: Pod, deletionGracePeriodSeconds: number): Pod {
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds } };
}

const status = (): PodStatus | undefined => reports.findLast((report) => report.status)?.status;
const terminated = () => reports.some((report) => report.terminated);
const reasons = () => events.map((event) => event.reason);
const starts = () => runtime.calls.filter((call) => call.startsWith('startContainer'));

describe('PodManager', () => {
  it('reports Pending, then Running, with the events of the kubelet', async () => {
    await put(makePod());
    expect(reports.map((report) => report.status?.phase)).toEqual(['Pending', 'Running']);
    expect(events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)).toEqual([
      `Normal Pulled Container image "${imageName}" already present on machine`, 'Normal Created Container created', 'Normal Started Container started',
    ]);
    expect(events[0]?.involvedObject).toMatchObject({ kind: 'Pod', name: 'web', uid, fieldPath: 'spec.containers{main}' });
  });

  it('reports nothing and asks nothing of the engine while nothing changes', async () => {
    await put(makePod());
    const { length } = reports;
    const calls = runtime.calls.length;
    await settle(600_000);
    expect(reports).toHaveLength(length);
    expect(runtime.calls).toHaveLength(calls);
  });

  it('restarts at once the first time, then with growing back-off', async () => {
    await put(makePod());
    runtime.exit(uid, 'main', 1);
    await settle();
    expect(starts()).toHaveLength(2);
    runtime.exit(uid, 'main', 1);
    await settle();
    expect(status()?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('CrashLoopBackOff');
    expect(events.at(-1)).toMatchObject({ type: 'Warning', reason: 'BackOff', message: `Back-off restarting failed container main in pod web_default(${uid})` });
    await settle(9_999);
    expect(starts()).toHaveLength(2);
    await settle(1);
    expect(starts()).toHaveLength(3);
    runtime.exit(uid, 'main', 1);
    await settle(19_999);
    expect(starts()).toHaveLength(3);
    await settle(1);
    expect(starts()).toHaveLength(4);
    expect(status()?.containerStatuses?.[0]?.restartCount).toBe(3);
  });

  it('runs preStop, gives the grace period, removes everything, then reports the end once', async () => {
    const pod = makePod({ containers: [makeContainer('main', { lifecycle: { preStop: { exec: { command: ['bye'] } } } })] });
    await put(pod);
    runtime.stubborn.add('main');
    await put(deleted(pod, 20));
    expect(hooks).toEqual(['bye']);
    expect(terminated()).toBe(false);
    await settle(20_000);
    expect(runtime.calls.slice(-4)).toEqual(['stopContainer main 20', 'stopSandbox web 0', 'removeContainer main 0', 'removeSandbox web 0']);
    expect(tornDown).toEqual([uid]);
    expect(reports.filter((report) => report.terminated)).toHaveLength(1);
    expect(status()).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137 } } }] });
  });

  it('shortens a termination, and never makes it longer', async () => {
    const pod = makePod();
    await put(pod);
    runtime.stubborn.add('main');
    await put(deleted(pod, 60));
    await put(deleted(pod, 300));
    await put(deleted(pod, 5));
    await settle(5_000);
    expect(terminated()).toBe(true);
  });

  it('does not start a pod again that is being deleted', async () => {
    const pod = makePod();
    await put(pod);
    await put(deleted(pod, 1));
    expect(terminated()).toBe(true);
    await put(pod);
    await put(deleted(pod, 1));
    await settle(60_000);
    expect(starts()).toHaveLength(1);
    expect(await runtime.listPods()).toEqual([]);
  });

  it('ends a pod that vanished from the desired state', async () => {
    await put(makePod({ terminationGracePeriodSeconds: 7 }));
    state.removePod(uid);
    await settle();
    expect(runtime.calls).toContain('stopContainer main 7');
    expect(await runtime.listPods()).toEqual([]);
  });

  it('gives up a pull when the pod is deleted meanwhile', async () => {
    const pod = makePod({ containers: [makeContainer('main', { image: 'slow:1' })] });
    runtime.pullImage = () => new Promise(() => {});
    await put(pod);
    await put(deleted(pod, 30));
    expect(terminated()).toBe(true);
  });

  it('takes up what runs after a restart and starts nothing again', async () => {
    await put(makePod());
    await manager.stop();
    const calls = [...runtime.calls];
    reports = [];
    manager = makeManager();
    manager.start();
    await settle(60_000);
    expect(runtime.calls).toEqual(calls);
    expect(status()?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: true });
  });

  it('says again that a pod is ready when the control plane had given the board up', async () => {
    const pod = makePod();
    await put(pod);
    const latest = status()!;
    reports = [];
    await put({ ...pod, status: latest });
    expect(reports).toEqual([]);
    const conditions = latest.conditions!.map((condition) => (condition.type === 'Ready' ? { ...condition, status: 'False' } : condition));
    await put({ ...pod, status: { ...latest, conditions } });
    expect(status()?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });

  it('removes pods that nobody wants, but only once it knows what is wanted', async () => {
    await put(makePod());
    await manager.stop();
    state = new InMemoryDesiredState({ ready: false });
    manager = makeManager();
    manager.start();
    await settle(120_000);
    expect(await runtime.listPods()).toHaveLength(1);
    state.ready = true;
    await settle(30_000);
    expect(await runtime.listPods()).toEqual([]);
  });

  it('finds what events did not tell by listing', async () => {
    await put(makePod());
    const before = starts().length;
    runtime.exit(uid, 'main', 0, { hint: false });
    await settle(30_000);
    expect(starts()).toHaveLength(before + 1);
  });

  it('makes sandbox and containers anew when the sandbox died', async () => {
    await put(makePod());
    runtime.killSandbox(uid);
    await settle();
    expect(reasons()).toContain('SandboxChanged');
    expect((await runtime.getPod({ uid, namespace: '', name: '' })).sandboxes).toMatchObject([{ phase: 'running', attempt: 1 }]);
    expect(status()?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
  });

  it('kills and restarts a container that failed its liveness probe', async () => {
    await put(makePod());
    const [container] = (await runtime.getPod({ uid, namespace: '', name: '' })).containers;
    reportUnhealthy(uid, container!.id, 'liveness', 'Container main failed liveness probe');
    await settle();
    expect(events.filter((event) => event.reason === 'Killing')[0]?.message).toBe('Container main failed liveness probe, will be restarted');
    expect(starts()).toEqual(['startContainer main 0', 'startContainer main 1']);
  });

  it('fails a pod whose deadline is over, and keeps it so', async () => {
    await put(makePod({ activeDeadlineSeconds: 60 }));
    await settle(59_000);
    expect(status()?.phase).toBe('Running');
    await settle(1_000);
    expect(status()).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
    await settle(60_000);
    expect(starts()).toHaveLength(1);
    expect(tornDown).toEqual([uid]);
  });

  it('never runs a pod again that the control plane has as ended', async () => {
    await put({ ...makePod(), status: { phase: 'Succeeded', startTime: '2026-01-01T00:00:00Z' } });
    expect(runtime.calls).toEqual([]);
    expect(reports).toEqual([]);
  });

  describe('when something is missing', () => {
    it('tells of a volume and tries again', async () => {
      setUp = () => Promise.reject(new VolumeError('MountVolume.SetUp failed for volume "config" : configmap "settings" not found'));
      await put(makePod());
      expect(events.filter((event) => event.reason === 'FailedMount')[0]).toMatchObject({ type: 'Warning', message: 'MountVolume.SetUp failed for volume "config" : configmap "settings" not found' });
      expect(status()?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ContainerCreating');
      setUp = async () => new Map();
      await settle(1_000);
      expect(status()?.phase).toBe('Running');
    });

    it('tells of the network and tries again', async () => {
      network = () => Promise.reject(new NetworkError('network is not ready: wait'));
      await put(makePod());
      expect(events.filter((event) => event.reason === 'FailedCreatePodSandBox')[0]?.message).toBe('Failed to create pod sandbox: network is not ready: wait');
      network = async () => {};
      await settle(1_000);
      expect(status()?.phase).toBe('Running');
    });

    it('tells of an image, with back-off, until it can be pulled', async () => {
      await put(makePod({ containers: [makeContainer('main', { image: 'registry.test/app:1' })] }));
      expect(status()?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ErrImagePull');
      expect(runtime.calls.filter((call) => call.startsWith('pullImage'))).toHaveLength(1);
      runtime.registry.set('registry.test/app:1', { id: 'sha256:app', tags: [], digests: [], sizeBytes: 42, user: '' });
      await settle(10_000);
      expect(status()?.phase).toBe('Running');
      expect(events.find((event) => event.message.startsWith('Successfully pulled'))?.message).toContain('Image size: 42 bytes.');
    });

    it('tells of a configuration that cannot be: runAsNonRoot with a root image', async () => {
      await put(makePod({ containers: [makeContainer('main', { securityContext: { runAsNonRoot: true } })] }));
      expect(status()?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'CreateContainerConfigError', message: `container has runAsNonRoot and image will run as root (pod: "web_default(${uid})", container: main)`,
      });
    });

    it('tells of a start that the engine refused', async () => {
      runtime.failures.set('startContainer', new RuntimeError('RunContainerError', 'no such program'));
      await put(makePod({ restartPolicy: 'Never' }));
      await settle(1_000);
      expect(status()).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { reason: 'StartError', exitCode: 128, message: 'no such program' } } }] });
    });

    it('waits for an engine that does not answer', async () => {
      runtime.failures.set('getPod', new RuntimeError('RuntimeNotReady', 'down'));
      await put(makePod());
      expect(starts()).toEqual([]);
      await settle(1_000);
      expect(status()?.phase).toBe('Running');
    });
  });
});
