import { describe, expect, it } from 'vitest';
import type { Pod, PodStatus } from '../../api/core.ts';
import type { RuntimePod } from '../container-runtime/container-runtime.ts';
import { exited, makeContainer, makePod, makeRuntimeContainer, makeRuntimePod, makeSandbox } from '../testing/pod-builders.ts';
import { formatDelay, makePodStatus, type PodStatusInput } from './make-pod-status.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

function status(pod: Pod, runtimePod: RuntimePod, changes: Partial<PodStatusInput> = {}): PodStatus {
  return makePodStatus({
    pod, runtimePod, probeState: () => ({ started: true, ready: true }), backingOff: new Map(), failures: new Map(), terminationMessage: () => undefined,
    previous: undefined, ended: false, failure: undefined, hostIPs: ['203.0.113.1'], now, ...changes,
  });
}

function condition(of: PodStatus, type: string) {
  return of.conditions?.find((other) => other.type === type);
}

const running = makeRuntimePod([makeSandbox()], [makeRuntimeContainer()]);

describe('makePodStatus', () => {
  it('is Pending before anything is there', () => {
    const result = status(makePod(), makeRuntimePod());
    expect(result).toMatchObject({ phase: 'Pending', startTime: '2026-01-01T00:00:00Z', hostIP: '203.0.113.1', qosClass: 'BestEffort' });
    expect(result.podIP).toBeUndefined();
    expect(result.containerStatuses?.[0]).toMatchObject({ name: 'main', ready: false, started: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } });
    expect(condition(result, 'PodReadyToStartContainers')).toMatchObject({ status: 'False' });
    expect(condition(result, 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [main]' });
    expect(condition(result, 'PodScheduled')).toMatchObject({ status: 'True' });
  });

  it('is Running and Ready when all runs', () => {
    const result = status(makePod(), running);
    expect(result).toMatchObject({ phase: 'Running', podIP: '198.18.1.2', podIPs: [{ ip: '198.18.1.2' }] });
    expect(result.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, containerID: 'docker://main-0', imageID: 'docker://sha256:1', state: { running: { startedAt: '1970-01-01T00:00:02Z' } } });
    expect(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'].map((type) => condition(result, type)?.status)).toEqual(['True', 'True', 'True', 'True']);
  });

  it('shows how a container ended that could not be started and will not be tried again', () => {
    const failed = makeRuntimePod([makeSandbox()], [makeRuntimeContainer(undefined, { ...exited(127), startedAt: undefined as never, error: 'no such file' })]);
    const failures = new Map([['main', { reason: 'RunContainerError', message: 'no such file' }]]);
    expect(status(makePod({ restartPolicy: 'Never' }), failed, { failures }).containerStatuses?.[0]?.state).toMatchObject({ terminated: { exitCode: 127, reason: 'StartError', message: 'no such file' } });
    expect(status(makePod(), failed, { failures }).containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'RunContainerError', message: 'no such file' } });
  });

  it('names all that are not ready', () => {
    const pod = makePod({ containers: [makeContainer('a'), makeContainer('b')] });
    expect(condition(status(pod, makeRuntimePod([makeSandbox()])), 'ContainersReady')?.message).toBe('containers with unready status: [a b]');
  });

  it('keeps the time of a condition that stays and sets that of one that turns', () => {
    const before = status(makePod(), makeRuntimePod());
    const after = status(makePod(), running, { previous: before, now: now + 60_000 });
    expect(condition(after, 'Initialized')?.lastTransitionTime).toBe('2026-01-01T00:00:00Z');
    expect(condition(after, 'Ready')?.lastTransitionTime).toBe('2026-01-01T00:01:00Z');
    expect(after.startTime).toBe('2026-01-01T00:00:00Z');
  });

  it('leaves the conditions of others as they are, and heeds readiness gates', () => {
    const pod = makePod({ readinessGates: [{ conditionType: 'x.io/gate' }] });
    expect(condition(status(pod, running), 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady', message: 'corresponding condition of pod readiness gate "x.io/gate" does not exist.' });
    const gate = { type: 'x.io/gate', status: 'False' };
    const closed = status({ ...pod, status: { conditions: [gate] } }, running);
    expect(condition(closed, 'Ready')?.message).toBe('the status of pod readiness gate "x.io/gate" is not "True", but False');
    expect(condition(closed, 'x.io/gate')).toEqual(gate);
    const opened = { ...pod, status: { conditions: [{ ...gate, status: 'True' }] } };
    expect(condition(status(opened, running), 'Ready')?.status).toBe('True');
    expect(condition(status(opened, running, { previous: closed }), 'Ready')?.status).toBe('True');
  });

  it('shows a container in back-off as Kubernetes does', () => {
    const runtimePod = makeRuntimePod([makeSandbox()], [makeRuntimeContainer(undefined, { attempt: 4, ...exited(137, { oomKilled: true }) })]);
    const result = status(makePod(), runtimePod, { backingOff: new Map([['main', { until: now + 1, delayMs: 80_000 }]]), terminationMessage: () => 'help' });
    expect(result.phase).toBe('Running');
    expect(result.containerStatuses?.[0]).toMatchObject({
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container=main pod=web_default(uid-web)' } },
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', message: 'help', startedAt: '1970-01-01T00:00:02Z', finishedAt: '1970-01-01T00:00:03Z' } },
    });
  });

  it('shows why a container cannot be started', () => {
    const failures = new Map([['main', { reason: 'ErrImagePull', message: 'no such image' }]]);
    expect(status(makePod(), makeRuntimePod([makeSandbox()]), { failures }).containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ErrImagePull', message: 'no such image' } });
  });

  it('shows the one before as last state', () => {
    const containers = [makeRuntimeContainer(undefined, { attempt: 1 }), makeRuntimeContainer(undefined, exited(2))];
    expect(status(makePod(), makeRuntimePod([makeSandbox()], containers)).containerStatuses?.[0]).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 2, reason: 'Error' } } });
  });

  it('calls a container that could not start StartError', () => {
    const failed = makeRuntimeContainer(undefined, { phase: 'exited', exitCode: 128, error: 'exec failed', startedAt: undefined as never, finishedAt: 1_000 });
    expect(status(makePod(), makeRuntimePod([makeSandbox()], [failed])).containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError', message: 'exec failed' });
  });

  describe('with init containers', () => {
    const pod = makePod({ initContainers: [makeContainer('i'), makeContainer('j')] });
    const done = (name: string, exitCode: number) => makeRuntimeContainer(makeContainer(name), { kind: 'init', ...exited(exitCode) });

    it('says what is not through yet', () => {
      const result = status(pod, makeRuntimePod([makeSandbox()], [done('i', 0)]));
      expect(result.phase).toBe('Pending');
      expect(result.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
      expect(result.initContainerStatuses?.map((other) => other.ready)).toEqual([true, false]);
      expect(condition(result, 'Initialized')).toMatchObject({ status: 'False', reason: 'ContainersNotInitialized', message: 'containers with incomplete status: [j]' });
    });

    it('fails with the first that fails for good', () => {
      expect(status({ ...pod, spec: { ...pod.spec!, restartPolicy: 'Never' } }, makeRuntimePod([makeSandbox()], [done('i', 1)])).phase).toBe('Failed');
    });

    it('is initialized when all were through', () => {
      const result = status(pod, makeRuntimePod([makeSandbox()], [makeRuntimeContainer(), done('j', 0), done('i', 0)]));
      expect(result.phase).toBe('Running');
      expect(condition(result, 'Initialized')?.status).toBe('True');
    });
  });

  describe('of a pod that is over', () => {
    const over = (exitCode: number) => makeRuntimePod([], [makeRuntimeContainer(undefined, exited(exitCode))]);

    it.each([[0, 'Succeeded', 'PodCompleted'], [1, 'Failed', 'PodFailed']])('with exit code %i is %s', (exitCode, phase, reason) => {
      const previous = status(makePod(), running);
      const result = status(makePod({ restartPolicy: 'Never' }), over(exitCode), { ended: true, previous });
      expect(result).toMatchObject({ phase, podIP: '198.18.1.2' });
      expect(condition(result, 'Ready')).toMatchObject({ status: 'False', reason });
    });

    it('stays so, and says why the agent ended it', () => {
      const previous = status(makePod(), over(1), { ended: true, failure: { reason: 'DeadlineExceeded', message: 'too long' } });
      expect(previous).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded', message: 'too long' });
      expect(status(makePod(), over(0), { ended: true, previous })).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    });

    it('calls a container that vanished ContainerStatusUnknown, and keeps what is known of one that ended', () => {
      const previous = status(makePod(), running);
      const lost = status(makePod(), makeRuntimePod(), { ended: true, previous });
      expect(lost.phase).toBe('Failed');
      expect(lost.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
      const known = status(makePod(), over(0), { ended: true });
      expect(status(makePod(), makeRuntimePod(), { ended: true, previous: known }).containerStatuses?.[0]?.state).toEqual(known.containerStatuses?.[0]?.state);
    });
  });

  it('gives a pod on the host network the address of the board', () => {
    const sandbox = makeSandbox();
    delete sandbox.ip;
    expect(status(makePod({ hostNetwork: true }), makeRuntimePod([sandbox], [makeRuntimeContainer()])).podIP).toBe('203.0.113.1');
  });
});

describe('formatDelay', () => {
  it.each([[10_000, '10s'], [80_000, '1m20s'], [300_000, '5m0s']])('%i ms', (delay, text) => expect(formatDelay(delay)).toBe(text));
});
