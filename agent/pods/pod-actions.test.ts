import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Pod } from '../../api/core.ts';
import type { RuntimePod } from '../container-runtime/container-runtime.ts';
import { exited, makeContainer, makePod, makeRuntimeContainer, makeRuntimePod, makeSandbox } from '../testing/pod-builders.ts';
import { computePodActions, type PodAction, type PodActionInput } from './pod-actions.ts';

const ready = { started: true, ready: true };

function plan(pod: Pod, runtimePod: RuntimePod, changes: Partial<PodActionInput> = {}) {
  return computePodActions({ pod, runtimePod, probeState: () => ready, unhealthy: new Map(), backOff: () => undefined, ...changes });
}

function describeAction(action: PodAction): string {
  switch (action.action) {
    case 'kill-container': return `kill ${action.container.id}`;
    case 'stop-sandbox': return `stop ${action.sandbox.id}`;
    case 'remove-sandbox': return `remove ${action.sandbox.id}`;
    case 'create-sandbox': return `sandbox ${action.attempt}`;
    case 'start-container': return `${action.created ? 'adopt' : 'start'} ${action.spec.name}-${action.attempt}`;
    case 'remove-container': return `remove ${action.container.id}`;
  }
}

function steps(pod: Pod, runtimePod: RuntimePod, changes: Partial<PodActionInput> = {}): string[][] {
  return plan(pod, runtimePod, changes).stages.map((stage) => stage.map(describeAction));
}

const two = [makeContainer('a'), makeContainer('b')];
const init = [makeContainer('i'), makeContainer('j')];
const sidecar = makeContainer('side', { restartPolicy: 'Always' });

describe('computePodActions', () => {
  it('makes the sandbox, then starts all containers at once', () => {
    expect(steps(makePod({ containers: two }), makeRuntimePod())).toEqual([['sandbox 0'], ['start a-0', 'start b-0']]);
  });

  it('has nothing to do when all runs', () => {
    const result = plan(makePod(), makeRuntimePod([makeSandbox()], [makeRuntimeContainer()]));
    expect(result).toMatchObject({ stages: [], finished: false });
  });

  it('starts what was made but not started, instead of making it again', () => {
    expect(steps(makePod(), makeRuntimePod([makeSandbox()], [makeRuntimeContainer(undefined, { phase: 'created' })]))).toEqual([['adopt main-0']]);
  });

  describe('init containers', () => {
    const pod = makePod({ initContainers: init, containers: two });
    const of = (name: string, changes = {}) => makeRuntimeContainer(makeContainer(name), { kind: 'init', ...changes });

    it.each([
      ['begins with the first', [], [['sandbox 0'], ['start i-0']], false],
      ['waits for the one that runs', [of('i')], [], true],
      ['goes on to the next', [of('i', exited(0))], [['start j-0']], true],
      ['tries a failed one again', [of('i', exited(1))], [['start i-1']], true],
      ['starts the containers after the last', [of('j', exited(0)), of('i', exited(0))], [['start a-0', 'start b-0']], true],
    ])('%s', (_title, containers, expected, sandbox) => {
      expect(steps(pod, makeRuntimePod(sandbox ? [makeSandbox()] : [], containers))).toEqual(expected);
    });

    it('does not run them again while the containers run', () => {
      expect(steps(pod, makeRuntimePod([makeSandbox()], two.map((spec) => makeRuntimeContainer(spec))))).toEqual([]);
    });

    it('ends the pod when one fails and nothing may restart', () => {
      const never = makePod({ restartPolicy: 'Never', initContainers: init });
      const result = plan(never, makeRuntimePod([makeSandbox()], [of('i', exited(1))]));
      expect(result.finished).toBe(true);
      expect(result.stages.flat().map(describeAction)).toEqual(['stop s0']);
    });

    it('lets sidecars run on, and waits only until they have started', () => {
      const withSidecar = makePod({ initContainers: [sidecar, makeContainer('i')] });
      const runs = makeRuntimePod([makeSandbox()], [of('side')]);
      expect(steps(withSidecar, runs)).toEqual([['start i-0']]);
      expect(steps(withSidecar, runs, { probeState: () => ({ started: false, ready: false }) })).toEqual([]);
    });

    it('restarts a sidecar that ended while the containers run', () => {
      const withSidecar = makePod({ initContainers: [sidecar] });
      expect(steps(withSidecar, makeRuntimePod([makeSandbox()], [makeRuntimeContainer(), of('side', exited(0))]))).toEqual([['start side-1']]);
    });
  });

  describe('containers that ended', () => {
    it.each([
      ['Always', 0, ['start main-1']], ['Always', 1, ['start main-1']],
      ['OnFailure', 1, ['start main-1']], ['OnFailure', 0, ['stop s0']],
      ['Never', 1, ['stop s0']], ['Never', 0, ['stop s0']],
    ])('with policy %s and exit code %i', (restartPolicy, exitCode, expected) => {
      const runtimePod = makeRuntimePod([makeSandbox()], [makeRuntimeContainer(undefined, exited(exitCode))]);
      expect(steps(makePod({ restartPolicy }), runtimePod).flat()).toEqual(expected);
    });

    it('wait for their back-off', () => {
      const wait = { until: 20_000, delayMs: 10_000 };
      const result = plan(makePod(), makeRuntimePod([makeSandbox()], [makeRuntimeContainer(undefined, exited(1))]), { backOff: () => wait });
      expect(result.stages).toEqual([]);
      expect(result.backingOff).toEqual(new Map([['main', wait]]));
    });

    it('stay, but for those before the last two', () => {
      const old = [3, 2, 1].map((attempt) => makeRuntimeContainer(undefined, { attempt, ...exited(1), ...(attempt === 3 ? { phase: 'running' as const } : {}) }));
      expect(steps(makePod(), makeRuntimePod([makeSandbox()], old))).toEqual([['remove main-1']]);
    });

    it('end a pod with a sidecar only after the sidecar was stopped', () => {
      const pod = makePod({ restartPolicy: 'Never', initContainers: [sidecar] });
      const runtimePod = makeRuntimePod([makeSandbox()], [makeRuntimeContainer(undefined, exited(0)), makeRuntimeContainer(sidecar, { kind: 'init' })]);
      expect(steps(pod, runtimePod)).toEqual([['kill side-0'], ['stop s0']]);
    });
  });

  it('replaces a container whose image changed, whatever the policy', () => {
    const runtimePod = makeRuntimePod([makeSandbox()], [makeRuntimeContainer()]);
    const changed = makePod({ restartPolicy: 'Never', containers: [makeContainer('main', { image: 'other:2' })] });
    const result = plan(changed, runtimePod);
    expect(result.stages.map((stage) => stage.map(describeAction))).toEqual([['kill main-0'], ['start main-1']]);
    expect(result.stages[0]?.[0]).toMatchObject({ message: 'Container main definition changed, will be restarted' });
  });

  it('kills a container that failed its liveness probe and starts it again unless it may not', () => {
    const runtimePod = makeRuntimePod([makeSandbox()], [makeRuntimeContainer()]);
    const unhealthy = new Map([['main-0', 'Container main failed liveness probe']]);
    const result = plan(makePod(), runtimePod, { unhealthy });
    expect(result.stages.map((stage) => stage.map(describeAction))).toEqual([['kill main-0'], ['start main-1']]);
    expect(result.stages[0]?.[0]).toMatchObject({ message: 'Container main failed liveness probe, will be restarted' });
    expect(steps(makePod({ restartPolicy: 'Never' }), runtimePod, { unhealthy })).toEqual([['kill main-0']]);
  });

  it('backs a container off that is killed over and over', () => {
    const runtimePod = makeRuntimePod([makeSandbox()], [makeRuntimeContainer(undefined, { attempt: 1 }), makeRuntimeContainer(undefined, exited(137))]);
    const unhealthy = new Map([['main-1', 'Container main failed liveness probe']]);
    expect(steps(makePod(), runtimePod, { unhealthy })).toEqual([['kill main-1'], ['start main-2']]);
    const backOff = (_container: unknown, finishedAt: number) => ({ until: finishedAt + 10_000, delayMs: 10_000 });
    expect(steps(makePod(), runtimePod, { unhealthy, backOff })).toEqual([['kill main-1']]);
  });

  describe('of ephemeral containers', () => {
    const debug = makePod({ ephemeralContainers: [{ name: 'debugger', image: 'busybox' }] });
    const ran = (changes: object) => makeRuntimeContainer(makeContainer('debugger'), { kind: 'ephemeral', ...changes });

    it('starts each once, beside what runs and before what hangs', () => {
      expect(steps(debug, makeRuntimePod([makeSandbox()], [makeRuntimeContainer()]))).toEqual([['start debugger-0']]);
      const hanging = makePod({ ...debug.spec, initContainers: [makeContainer('i')] });
      expect(steps(hanging, makeRuntimePod([makeSandbox()], [makeRuntimeContainer(makeContainer('i'), { kind: 'init' })]))).toEqual([['start debugger-0']]);
    });

    it('never starts one again, nor in another sandbox', () => {
      expect(steps(debug, makeRuntimePod([makeSandbox()], [makeRuntimeContainer(), ran({ phase: 'running' })]))).toEqual([]);
      expect(steps(debug, makeRuntimePod([makeSandbox()], [makeRuntimeContainer(), ran(exited(1))]))).toEqual([]);
      expect(steps(debug, makeRuntimePod([makeSandbox({ id: 's1', attempt: 1 })], [ran(exited(1))]))).toEqual([['start main-0']]);
    });

    it('makes no sandbox for one alone', () => {
      expect(steps(debug, makeRuntimePod([], []))).toEqual([['sandbox 0'], ['start main-0']]);
    });
  });

  describe('when the sandbox is gone', () => {
    const dead = makeSandbox({ phase: 'exited', ip: undefined as never });

    it('stops what lost its network and begins anew, init containers included', () => {
      const pod = makePod({ initContainers: [makeContainer('i')] });
      const runtimePod = makeRuntimePod([dead], [makeRuntimeContainer(), makeRuntimeContainer(makeContainer('i'), { kind: 'init', ...exited(0) })]);
      expect(steps(pod, runtimePod)).toEqual([['kill main-0'], ['remove s0'], ['sandbox 1'], ['start i-1']]);
    });

    it('does not count what ran in the one before', () => {
      const runtimePod = makeRuntimePod([makeSandbox({ id: 's1', attempt: 1 })], [makeRuntimeContainer(undefined, exited(0))]);
      expect(steps(makePod(), runtimePod)).toEqual([['start main-1']]);
    });

    it('fails a pod that never restarts', () => {
      const runtimePod = makeRuntimePod([dead], [makeRuntimeContainer()]);
      const result = plan(makePod({ restartPolicy: 'Never' }), runtimePod);
      expect(result.finished).toBe(true);
      expect(result.stages.map((stage) => stage.map(describeAction))).toEqual([['kill main-0']]);
    });

    it('does not run again what had succeeded', () => {
      const pod = makePod({ restartPolicy: 'OnFailure', containers: two });
      const runtimePod = makeRuntimePod([dead], [makeRuntimeContainer(two[0], exited(0)), makeRuntimeContainer(two[1], exited(1))]);
      expect(steps(pod, runtimePod)).toEqual([['remove s0'], ['sandbox 1'], ['start b-1']]);
    });
  });

  it('never starts a name that runs, and never one name twice', () => {
    const phase = fc.constantFrom('created' as const, 'running' as const, 'exited' as const);
    const container = fc.record({ name: fc.constantFrom('a', 'b', 'gone'), attempt: fc.nat(3), phase, exitCode: fc.constantFrom(0, 1), sandboxId: fc.constantFrom('s0', 's-old') });
    fc.assert(fc.property(
      fc.uniqueArray(container, { selector: ({ name, attempt }) => `${name}-${attempt}` }), fc.constantFrom('Always', 'OnFailure', 'Never'), fc.boolean(),
      (containers, restartPolicy, sandbox) => {
        const runtime = containers.map(({ name, ...changes }) => makeRuntimeContainer(makeContainer(name), { ...changes, id: `${name}-${changes.attempt}` })).sort((x, y) => y.attempt - x.attempt);
        const { stages } = plan(makePod({ restartPolicy, containers: two }), makeRuntimePod(sandbox ? [makeSandbox()] : [], runtime));
        const actions = stages.flat();
        const killed = new Set(actions.flatMap((action) => (action.action === 'kill-container' ? [action.container.id] : [])));
        const started = actions.flatMap((action) => (action.action === 'start-container' ? [action.spec.name] : []));
        expect(new Set(started).size).toBe(started.length);
        for (const name of started) {
          const latest = runtime.find((other) => other.name === name);
          expect(latest?.phase === 'running' && !killed.has(latest.id)).toBe(false);
        }
        if (started.length > 0 && !sandbox) expect(actions.some((action) => action.action === 'create-sandbox')).toBe(true);
      },
    ));
  });
});
