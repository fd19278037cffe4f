/** A board whose agent is killed, or held up, in the middle of everything that takes time. */
import type { Pod } from 'kubernetes-types/core/v1';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { containerStatus, idle, isReady, shell, type PodBench } from '../../framework/pod-bench.ts';
import { startPodCluster, stopPodCluster, type PodCluster } from './pod-cluster.ts';

let world: PodCluster;
let pods: PodBench;
const quick = { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 1 };
const stubborn = 'trap "" TERM; while true; do sleep 1; done';
const steady = ['still', 'probed', 'starting', 'unready', 'live'];

beforeAll(async () => {
  world = await startPodCluster();
  ({ pods } = world);
});

afterAll(() => stopPodCluster(world));

const waits = (name: string, reason: string) => pods.until(name, (pod) => containerStatus(pod)?.state?.waiting?.reason === reason);

async function nodeReady(): Promise<string | undefined> {
  const node = JSON.parse(await world.cluster.kubectl.run(['get', 'node', 'board-1', '-o', 'json'])) as { status: { conditions: { type: string; status: string }[] } };
  return node.status.conditions.find(({ type }) => type === 'Ready')?.status;
}

describe('an agent that is killed', () => {
  let before: Map<string, Pod>;
  let deletionBegan: number;

  beforeAll(async () => {
    await Promise.all([
      pods.create('still', { containers: [shell(idle), shell(idle, { name: 'other' })] }),
      pods.create('probed', { containers: [shell(idle, { readinessProbe: { exec: { command: ['true'] }, ...quick } })] }),
      pods.create('unready', { containers: [shell(idle, { readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, ...quick } })] }),
      pods.create('starting', { containers: [shell(`sleep 12; touch /tmp/up; ${idle}`, { startupProbe: { exec: { command: ['cat', '/tmp/up'] }, ...quick, failureThreshold: 60 } })] }),
      pods.create('live', { containers: [shell(idle, { livenessProbe: { exec: { command: ['test', '!', '-e', '/tmp/sick'] }, ...quick } })] }),
      pods.create('crashing', { containers: [shell('exit 1')] }),
      pods.create('pulling', { containers: [shell(idle, { image: '127.0.0.1:1/bramble-test/absent:1' })] }),
      pods.create('init', { initContainers: [shell('sleep 8', { name: 'first' }), shell('true', { name: 'second' })], containers: [shell(idle)] }),
      pods.create('deadline', { activeDeadlineSeconds: 14, containers: [shell(idle)] }),
      pods.create('done', { restartPolicy: 'Never', containers: [shell('echo words > /dev/termination-log; exit 0')] }),
      pods.create('ends-alone', { restartPolicy: 'Never', containers: [shell('until [ -e /tmp/end ]; do sleep 0.1; done; printf bye > /dev/termination-log; exit 5')] }),
      pods.create('leaving', { terminationGracePeriodSeconds: 8, containers: [shell(stubborn)] }),
      pods.create('hooked', { terminationGracePeriodSeconds: 20, containers: [shell(idle, { lifecycle: { preStop: { sleep: { seconds: 4 } } } })] }),
    ]);
    await Promise.all([
      ...['still', 'probed', 'live', 'deadline', 'leaving', 'hooked', 'ends-alone'].map((name) => pods.ready(name)),
      pods.until('unready', (pod) => containerStatus(pod)?.state?.running !== undefined), pods.until('starting', (pod) => containerStatus(pod)?.state?.running !== undefined),
      pods.until('init', (pod) => containerStatus(pod, 'first')?.state?.running !== undefined),
      waits('crashing', 'CrashLoopBackOff'), waits('pulling', 'ImagePullBackOff'), pods.phase('done', 'Succeeded'),
    ]);
    before = new Map(await Promise.all([...steady, 'done', 'init'].map(async (name) => [name, await pods.get(name)] as const)));
    deletionBegan = performance.now();
    await pods.delete('leaving');
    await pods.delete('hooked');
    await pods.event('leaving', 'Killing', /./);
    await world.cluster.kill('agent');
  });

  it('restarts no container and interrupts no pod that was ready', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    for (const name of steady) {
      const pod = await pods.get(name);
      expect(pod.status?.containerStatuses?.map((status) => [status.containerID, status.restartCount]), name)
        .toEqual(before.get(name)!.status?.containerStatuses?.map((status) => [status.containerID, status.restartCount]));
    }
    for (const name of ['still', 'probed', 'live']) {
      const sinceReady = pods.history(name).slice(pods.history(name).findIndex((pod) => isReady(pod)));
      expect(sinceReady.every((pod) => isReady(pod)), name).toBe(true);
    }
    expect(isReady(await pods.get('unready'))).toBe(false);
  });

  it('goes on probing', async () => {
    await pods.exec('unready', ['touch', '/tmp/ready']);
    await pods.ready('unready');
    await pods.exec('live', ['touch', '/tmp/sick']);
    await pods.until('live', (pod) => (containerStatus(pod)?.restartCount ?? 0) >= 1);
    const started = await pods.ready('starting');
    expect(containerStatus(started)).toMatchObject({ started: true, restartCount: 0 });
  });

  it('goes on with init containers where it was', async () => {
    const pod = await pods.ready('init');
    expect(containerStatus(pod, 'first')).toMatchObject({ restartCount: 0, containerID: containerStatus(before.get('init')!, 'first')!.containerID });
  });

  it('goes on backing off', async () => {
    const restarts = containerStatus(await pods.get('crashing'))!.restartCount;
    await pods.until('crashing', (pod) => (containerStatus(pod)?.restartCount ?? 0) > restarts && containerStatus(pod)?.state?.waiting?.reason === 'CrashLoopBackOff', 60_000);
    expect(containerStatus(await pods.get('pulling'))?.state?.waiting?.reason).toMatch(/ErrImagePull|ImagePullBackOff/);
  });

  it('keeps deadlines', async () => {
    const pod = await pods.phase('deadline', 'Failed');
    expect(pod.status?.reason).toBe('DeadlineExceeded');
    expect(Date.parse(pods.history('deadline').at(-1)!.status!.containerStatuses![0]!.state!.terminated!.finishedAt!) - Date.parse(pod.status!.startTime!)).toBeLessThan(25_000);
  });

  it('ends what it was ending', async () => {
    expect(await pods.gone('hooked') - deletionBegan).toBeLessThan(30_000);
    expect(await pods.gone('leaving') - deletionBegan).toBeLessThan(30_000);
    await eventually(async () => [...(await world.cluster.containers()).values()].every((name) => !/leaving|hooked/.test(name)), { timeoutMs: 15_000 });
  });

  it('leaves pods that have ended as they are', async () => {
    expect((await pods.get('done')).status).toEqual(before.get('done')!.status);
    expect((await pods.logs('done'))).toBe('');
  });

  it('sees what ended while it was away', async () => {
    await pods.exec('ends-alone', ['true']);
    const running = world.cluster.pid('agent');
    process.kill(running, 'SIGSTOP');
    const id = containerStatus(await pods.get('ends-alone'))!.containerID!.replace('docker://', '');
    const { State } = await world.cluster.docker<{ State: { Pid: number } }>(`/containers/${id}/json`);
    process.kill(State.Pid, 'SIGKILL');
    process.kill(running, 'SIGKILL');
    await eventually(() => world.cluster.pid('agent') !== running, { timeoutMs: 30_000 });
    const pod = await pods.phase('ends-alone', 'Failed');
    expect(containerStatus(pod)?.state?.terminated?.exitCode).toBe(137);
  });
});

describe('an agent that is held up', () => {
  it('makes its node and pods ready again when it goes on', async () => {
    const agent = world.cluster.pid('agent');
    process.kill(agent, 'SIGSTOP');
    try {
      await eventually(async () => await nodeReady() === 'Unknown', { timeoutMs: 90_000, everyMs: 500 });
      await eventually(async () => !isReady(await pods.get('still')), { timeoutMs: 20_000, everyMs: 500 });
    } finally {
      process.kill(agent, 'SIGCONT');
    }
    await eventually(async () => await nodeReady() === 'True', { timeoutMs: 30_000, everyMs: 200 });
    for (const name of ['still', 'probed', 'unready']) await eventually(async () => isReady(await pods.get(name)), { timeoutMs: 30_000, everyMs: 200 });
    const pod = await pods.get('still');
    expect(pod.status?.containerStatuses?.map((status) => status.containerID)).toEqual(before('still', pod));
  }, 180_000);

  function before(name: string, fallback: Pod): (string | undefined)[] {
    const first = pods.history(name).find((pod) => isReady(pod)) ?? fallback;
    return first.status!.containerStatuses!.map((status) => status.containerID);
  }
});
