/** When containers are started again, and what their pods say meanwhile. */
import type { Pod } from 'kubernetes-types/core/v1';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { condition, containerStatus, idle, shell, type PodBench } from '../../framework/pod-bench.ts';
import { podRow, startPodCluster, stopPodCluster, type PodCluster } from './pod-cluster.ts';

let world: PodCluster;
let pods: PodBench;

beforeAll(async () => {
  world = await startPodCluster();
  ({ pods } = world);
});

afterAll(() => stopPodCluster(world));

const restarts = (count: number) => (pod: Pod): boolean => (containerStatus(pod)?.restartCount ?? 0) >= count;
const waitsFor = (reason: string, name = 'main') => (pod: Pod): boolean => containerStatus(pod, name)?.state?.waiting?.reason === reason;
/** The first run fails, later ones succeed: the volume remembers. */
const failsOnce = 'if [ -e /memory/tried ]; then exit 0; fi; touch /memory/tried; exit 3';
const memory = { volumes: [{ name: 'memory', emptyDir: {} }] };
const remembers = { volumeMounts: [{ name: 'memory', mountPath: '/memory' }] };

describe.concurrent('restart policies', () => {
  it('Never leaves a container that succeeded as it is, and the pod has Succeeded', async () => {
    await pods.create('never-ok', { restartPolicy: 'Never', containers: [shell('exit 0')] });
    const pod = await pods.phase('never-ok', 'Succeeded');
    expect(containerStatus(pod)).toMatchObject({ restartCount: 0, ready: false, started: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } });
    expect(condition(pod, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
    expect(condition(pod, 'ContainersReady')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
    expect(condition(pod, 'Initialized')).toMatchObject({ status: 'True', reason: 'PodCompleted' });
    expect(await podRow(world.cluster, 'never-ok')).toMatchObject({ READY: '0/1', STATUS: 'Completed', RESTARTS: '0' });
  });

  it('Never leaves a container that failed as it is, and the pod has Failed', async () => {
    await pods.create('never-bad', { restartPolicy: 'Never', containers: [shell('exit 7')] });
    const pod = await pods.phase('never-bad', 'Failed');
    expect(containerStatus(pod)).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 7, reason: 'Error' } } });
    expect(condition(pod, 'Ready')).toMatchObject({ status: 'False', reason: 'PodFailed' });
    expect(await podRow(world.cluster, 'never-bad')).toMatchObject({ READY: '0/1', STATUS: 'Error', RESTARTS: '0' });
  });

  it('OnFailure starts again after a failure and not after success', async () => {
    await pods.create('on-failure', { restartPolicy: 'OnFailure', ...memory, containers: [shell(failsOnce, remembers)] });
    const pod = await pods.phase('on-failure', 'Succeeded');
    expect(containerStatus(pod)).toMatchObject({
      restartCount: 1, state: { terminated: { exitCode: 0, reason: 'Completed' } }, lastState: { terminated: { exitCode: 3, reason: 'Error' } },
    });
    expect(pods.history('on-failure').map((one) => one.status?.phase)).not.toContain('Failed');
  });

  it('Always starts again after success too, with a back-off that kubectl shows and that doubles', async () => {
    await pods.create('always', { restartPolicy: 'Always', containers: [shell('exit 0')] });
    await pods.until('always', restarts(1));
    const pod = await pods.until('always', waitsFor('CrashLoopBackOff'));
    const uid = pod.metadata!.uid!;
    expect(pod.status?.phase).toBe('Running');
    expect(containerStatus(pod)).toMatchObject({
      restartCount: 1,
      state: { waiting: { message: `back-off 10s restarting failed container=main pod=always_default(${uid})` } },
      lastState: { terminated: { exitCode: 0, reason: 'Completed' } },
    });
    expect(await podRow(world.cluster, 'always')).toMatchObject({ READY: '0/1', STATUS: 'CrashLoopBackOff' });
    expect((await podRow(world.cluster, 'always'))['RESTARTS']).toMatch(/^1 \(\d+s ago\)$/);
    await pods.event('always', 'BackOff', new RegExp(`^Back-off restarting failed container main in pod always_default\\(${uid}\\)$`));
    const again = await pods.until('always', (one) => restarts(2)(one) && waitsFor('CrashLoopBackOff')(one));
    expect(containerStatus(again)?.state?.waiting?.message).toContain('back-off 20s');
    const [first, second] = [containerStatus(pod)!.lastState!.terminated!, containerStatus(again)!.lastState!.terminated!];
    expect(Date.parse(second.startedAt!) - Date.parse(first.finishedAt!)).toBeGreaterThanOrEqual(9_000);
    expect(Date.parse(second.startedAt!) - Date.parse(first.finishedAt!)).toBeLessThanOrEqual(14_000);
  });

  it('backs one container off without disturbing its neighbour', async () => {
    await pods.create('neighbours', { containers: [shell(idle, { name: 'quiet' }), shell('exit 1')] });
    const pod = await pods.until('neighbours', waitsFor('CrashLoopBackOff'));
    expect(containerStatus(pod, 'quiet')).toMatchObject({ ready: true, restartCount: 0 });
    expect(condition(pod, 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [main]' });
    expect(await podRow(world.cluster, 'neighbours')).toMatchObject({ READY: '1/2', STATUS: 'CrashLoopBackOff' });
  });

  it('a pod of several containers is over when all have ended, and Failed when one has failed', async () => {
    await pods.create('mixed', { restartPolicy: 'Never', containers: [shell('exit 0'), shell('sleep 1; exit 4', { name: 'other' })] });
    const pod = await pods.phase('mixed', 'Failed');
    expect([containerStatus(pod), containerStatus(pod, 'other')].map((status) => status?.state?.terminated?.exitCode)).toEqual([0, 4]);
    expect(pods.history('mixed').some((one) => one.status?.phase === 'Running' && containerStatus(one)?.state?.terminated)).toBe(true);
  });

  it('says of a command that is not there why it cannot be started', async () => {
    await pods.create('no-command', { restartPolicy: 'Never', containers: [{ name: 'main', image: shell('').image!, command: ['/no/such/program'] }] });
    const pod = await pods.phase('no-command', 'Failed');
    expect(containerStatus(pod)?.state?.terminated).toMatchObject({ reason: expect.stringMatching(/StartError|ContainerCannotRun/), exitCode: expect.any(Number) });
    expect(containerStatus(pod)?.state?.terminated?.message).toContain('/no/such/program');
    expect(containerStatus(pod)?.state?.terminated?.exitCode).not.toBe(0);
    await pods.event('no-command', 'Failed', /^Error: .*no\/such\/program/);
  });
});

describe.concurrent('init containers', () => {
  const inits = [shell('sleep 0.5; echo one >> /memory/order', { name: 'one', ...remembers }), shell('echo two >> /memory/order', { name: 'two', ...remembers })];

  it('run one after the other before the containers', async () => {
    await pods.create('init-order', { restartPolicy: 'Never', ...memory, initContainers: inits, containers: [shell('echo main >> /memory/order; cat /memory/order', remembers)] });
    expect(await pods.output('init-order')).toBe('one\ntwo\nmain\n');
    const pod = pods.history('init-order').at(-1)!;
    expect(pod.status?.initContainerStatuses?.map((status) => [status.name, status.ready, status.state?.terminated?.reason])).toEqual([['one', true, 'Completed'], ['two', true, 'Completed']]);
    const waiting = pods.history('init-order').find((one) => condition(one, 'Initialized')?.status === 'False' && containerStatus(one, 'one')?.state?.running);
    expect(condition(waiting!, 'Initialized')).toMatchObject({ reason: 'ContainersNotInitialized', message: 'containers with incomplete status: [one two]' });
    expect(containerStatus(waiting!)?.state?.waiting?.reason).toBe('PodInitializing');
  });

  it('show how far they are', async () => {
    await pods.create('init-slow', { initContainers: [shell('exit 0', { name: 'one' }), shell(idle, { name: 'two' })], containers: [shell(idle)] });
    const pod = await pods.until('init-slow', (one) => containerStatus(one, 'two')?.state?.running !== undefined);
    expect(pod.status?.phase).toBe('Pending');
    expect(await podRow(world.cluster, 'init-slow')).toMatchObject({ READY: '0/1', STATUS: 'Init:1/2' });
  });

  it('that fail in a pod that never restarts make it Failed, and no container starts', async () => {
    await pods.create('init-never', { restartPolicy: 'Never', initContainers: [shell('exit 5', { name: 'bad' }), shell('exit 0', { name: 'after' })], containers: [shell('exit 0')] });
    const pod = await pods.phase('init-never', 'Failed');
    expect(containerStatus(pod, 'bad')?.state?.terminated).toMatchObject({ exitCode: 5, reason: 'Error' });
    expect(containerStatus(pod, 'after')?.state?.waiting?.reason).toBe('PodInitializing');
    expect(containerStatus(pod)?.state?.waiting?.reason).toBe('PodInitializing');
    expect(condition(pod, 'Initialized')).toMatchObject({ status: 'False', reason: 'ContainersNotInitialized', message: 'containers with incomplete status: [bad after]' });
    expect(await podRow(world.cluster, 'init-never')).toMatchObject({ READY: '0/1', STATUS: 'Init:Error' });
  });

  it('that fail are begun again with back-off where the pod restarts', async () => {
    for (const restartPolicy of ['Always', 'OnFailure']) {
      await pods.create(`init-${restartPolicy.toLowerCase()}`, { restartPolicy, initContainers: [shell('exit 1', { name: 'bad' }), shell('exit 0', { name: 'after' })], containers: [shell(idle)] });
    }
    for (const name of ['init-always', 'init-onfailure']) {
      const pod = await pods.until(name, waitsFor('CrashLoopBackOff', 'bad'));
      expect(pod.status?.phase).toBe('Pending');
      expect(containerStatus(pod, 'bad')).toMatchObject({ restartCount: 1, ready: false, lastState: { terminated: { exitCode: 1 } } });
      expect(containerStatus(pod)?.state?.waiting?.reason).toBe('PodInitializing');
      // The other pod took some seconds: this one may just be at its next try.
      await eventually(async () => (await podRow(world.cluster, name)).STATUS === 'Init:CrashLoopBackOff');
      await pods.until(name, (one) => (containerStatus(one, 'bad')?.restartCount ?? 0) >= 2);
    }
  });

  it('that succeed at the second try let the pod run', async () => {
    await pods.create('init-retry', { ...memory, initContainers: [shell(failsOnce, { name: 'flaky', ...remembers })], containers: [shell(idle)] });
    const pod = await pods.ready('init-retry');
    expect(containerStatus(pod, 'flaky')).toMatchObject({ restartCount: 1, ready: true, state: { terminated: { exitCode: 0 } } });
  });

  it('with restart policy Always run beside the containers and end after them', async () => {
    const words = 'trap "echo side >> /memory/order; exit 0" TERM; while true; do sleep 1 & wait; done';
    await pods.create('sidecar', {
      restartPolicy: 'Never', ...memory, terminationGracePeriodSeconds: 10,
      initContainers: [shell(words, { name: 'side', restartPolicy: 'Always', ...remembers }), shell('exit 0', { name: 'then' })],
      containers: [shell('sleep 1; echo main >> /memory/order', remembers)],
    });
    const running = await pods.until('sidecar', (pod) => containerStatus(pod)?.state?.running !== undefined);
    expect(containerStatus(running, 'side')).toMatchObject({ ready: true, started: true, state: { running: {} } });
    const pod = await pods.phase('sidecar', 'Succeeded');
    expect(containerStatus(pod, 'side')?.state?.terminated).toMatchObject({ exitCode: 0 });
  });
});

describe.concurrent('deadlines and last words', () => {
  it('activeDeadlineSeconds ends a pod that runs too long', async () => {
    await pods.create('deadline', { activeDeadlineSeconds: 2, containers: [shell(idle)] });
    const pod = await pods.phase('deadline', 'Failed');
    expect(pod.status).toMatchObject({ reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
    expect(await podRow(world.cluster, 'deadline')).toMatchObject({ STATUS: 'Completed', READY: '0/1' });
    await pods.event('deadline', 'DeadlineExceeded', /longer than the specified deadline/);
    await pods.until('deadline', (one) => containerStatus(one)?.state?.terminated !== undefined);
  });

  const message = (name: string, wanted: string, spec: object, phase = 'Succeeded') => async () => {
    await pods.create(name, { restartPolicy: 'Never', containers: [shell('', spec)] });
    const pod = await pods.phase(name, phase);
    expect(containerStatus(pod)?.state?.terminated?.message ?? '').toBe(wanted);
  };
  const script = (text: string): string[] => ['/bin/sh', '-c', text];

  it('last words come from the file', message('words-file', 'DONE', { command: script('printf DONE > /dev/termination-log') }));
  it('last words come from another file, also of another user', message('words-path', 'DONE', {
    command: script('printf DONE > /tmp/words'), terminationMessagePath: '/tmp/words', securityContext: { runAsUser: 1000 },
  }));
  it('last words come from the log of one that failed without writing any', message('words-log', 'DONE', {
    command: script('printf DONE; exit 1'), terminationMessagePolicy: 'FallbackToLogsOnError',
  }, 'Failed'));
  it('the log of one that succeeded is not its last words', message('words-none', '', {
    command: script('printf DONE; exit 0'), terminationMessagePolicy: 'FallbackToLogsOnError',
  }));
  it('the file comes before the log', message('words-both', 'OK', {
    command: script('printf OK > /dev/termination-log; printf DONE; exit 1'), terminationMessagePolicy: 'FallbackToLogsOnError',
  }, 'Failed'));
  it('last words are cut at 4 KiB', message('words-long', 'x'.repeat(4096), { command: script('head -c 9000 /dev/zero | tr "\\0" x > /dev/termination-log') }));
});

describe.concurrent('status', () => {
  it('says everything of a running pod', async () => {
    await pods.create('complete', { containers: [shell(idle)] });
    const pod = await pods.ready('complete');
    const node = JSON.parse(await world.cluster.kubectl.run(['get', 'node', 'board-1', '-o', 'json'])) as { status: { addresses: { type: string; address: string }[] } };
    const address = node.status.addresses.find(({ type }) => type === 'InternalIP')!.address;
    const status = pod.status!;
    expect(status).toMatchObject({ phase: 'Running', hostIP: address, hostIPs: [{ ip: address }], qosClass: 'BestEffort' });
    expect(status.podIP).toMatch(/^198\.18\./);
    expect(status.podIPs).toEqual([{ ip: status.podIP }]);
    expect(status.startTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    for (const type of ['PodScheduled', 'PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready']) expect(condition(pod, type), type).toMatchObject({ status: 'True' });
    const container = containerStatus(pod)!;
    expect(container).toMatchObject({ name: 'main', ready: true, started: true, restartCount: 0, image: shell('').image, lastState: {} });
    expect(container.containerID).toMatch(/^docker:\/\/[0-9a-f]{64}$/);
    expect(container.imageID).toMatch(/^docker(-pullable)?:\/\/.*sha256:[0-9a-f]{64}$/);
    expect(container.state?.running?.startedAt).toMatch(/Z$/);
    expect(await podRow(world.cluster, 'complete', ['-o', 'wide'])).toMatchObject({
      READY: '1/1', STATUS: 'Running', RESTARTS: '0', IP: status.podIP, NODE: 'board-1', 'NOMINATED NODE': '<none>', 'READINESS GATES': '<none>',
    });
    for (const [reason, message] of [['Scheduled', /^Successfully assigned default\/complete to board-1$/], ['Pulled', /already present on machine/], ['Created', /./], ['Started', /./]] as const) await pods.event('complete', reason, message);
  });

  it('readiness gates keep a pod from being ready until somebody says so', async () => {
    await pods.create('gate', { readinessGates: [{ conditionType: 'example.com/open' }], containers: [shell(idle)] });
    const pod = await pods.until('gate', (one) => condition(one, 'ContainersReady')?.status === 'True');
    expect(condition(pod, 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady', message: 'corresponding condition of pod readiness gate "example.com/open" does not exist.' });
    await world.cluster.kubectl.run(['patch', 'pod', 'gate', '--subresource=status', '-p', JSON.stringify({ status: { conditions: [{ type: 'example.com/open', status: 'True' }] } })]);
    await pods.ready('gate');
    expect((await podRow(world.cluster, 'gate', ['-o', 'wide']))['READINESS GATES']).toBe('1/1');
  });

  it('QoS follows from requests and limits', async () => {
    const both = { cpu: '50m', memory: '32Mi' };
    await pods.create('qos-guaranteed', { containers: [shell(idle, { resources: { limits: both } })] });
    await pods.create('qos-burstable', { containers: [shell(idle, { resources: { requests: both } })] });
    expect((await pods.ready('qos-guaranteed')).status?.qosClass).toBe('Guaranteed');
    expect((await pods.ready('qos-burstable')).status?.qosClass).toBe('Burstable');
  });
});
