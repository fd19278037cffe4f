import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Container, Pod, PodStatus } from '../../../api/core.ts';
import type { EventReport, PodReport } from '../../../api/messaging/messages.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { downwardFacts, type BoardFacts } from '../../board-facts.ts';
import { PodManager } from '../../pods/pod-manager.ts';
import { HookRunner } from '../../prober/hook-runner.ts';
import { NetworkProber } from '../../prober/prober.ts';
import { ProbingManager } from '../../prober/probing-manager.ts';
import { startDockerFixture, type DockerFixture } from '../../testing/docker-fixture.ts';
import { InMemoryDesiredState } from '../../testing/in-memory-desired-state.ts';
import { removeAllPods } from '../../remove-all-pods.ts';
import { DirectoryVolumeManager } from '../../volumes/directory-volume-manager.ts';
import { SystemMounter } from '../../volumes/mounter.ts';

class RecordingSink {
  readonly reports: PodReport[] = [];
  readonly events: EventReport[] = [];
  report(report: PodReport): void { this.reports.push(report); }
  event(event: EventReport): void { this.events.push(event); }
  status(uid: string): PodStatus | undefined { return this.reports.findLast((report) => report.uid === uid && report.status)?.status; }
  phases(uid: string): string[] { return this.reports.filter((report) => report.uid === uid && !report.terminated).map((report) => report.status?.phase ?? ''); }
  terminated(uid: string): boolean { return this.reports.some((report) => report.uid === uid && report.terminated); }
  reasons(uid: string): string[] { return this.events.filter((event) => event.involvedObject.uid === uid).map((event) => event.reason); }
}

describe('pods on Docker', () => {
  let fixture: DockerFixture;
  let state: InMemoryDesiredState;
  let sink: RecordingSink;
  let manager: PodManager;
  let next = 0;

  function startManager(): PodManager {
    const { runtime, network, options } = fixture;
    const facts: BoardFacts = { nodeName: 'board', hostIPs: () => ['203.0.113.1'], allocatable: () => ({ cpu: '1', memory: '1Gi' }), memoryBytes: 1 << 30 };
    const volumes = new DirectoryVolumeManager({
      dataDir: options.agentDir, state, facts: () => downwardFacts(facts, []), mounter: new SystemMounter({ log: silentLogger }), clock: systemClock,
      log: silentLogger, processId: process.pid,
    });
    const started = new PodManager({
      runtime, network, state, sink, volumes, facts,
      prober: new ProbingManager({ prober: new NetworkProber({ runtime, clock: systemClock }), sink, clock: systemClock, log: silentLogger, random: () => 0 }),
      lifecycle: new HookRunner({ runtime, clock: systemClock }), readResolvConf: async () => 'nameserver 203.0.113.53\n', clock: systemClock, logger: silentLogger,
    });
    started.start();
    return started;
  }

  beforeAll(async () => {
    fixture = await startDockerFixture('pods', 'brtest3');
    state = new InMemoryDesiredState({ network: fixture.boardNetwork });
    sink = new RecordingSink();
    manager = startManager();
  });

  afterAll(async () => {
    await manager.stop();
    await fixture.stop();
  });

  function shell(script: string, changes: Partial<Container> = {}): Container {
    return { name: 'main', image: fixture.image.name, imagePullPolicy: 'IfNotPresent', command: ['/bin/sh', '-c', script], ...changes };
  }

  function makePod(spec: Pod['spec'], metadata: Pod['metadata'] = {}): { pod: Pod; uid: string } {
    const name = `pod-${next++}`;
    const uid = `uid-${name}`;
    return { uid, pod: { metadata: { name, namespace: 'default', uid, ...metadata }, spec } };
  }

  function run(spec: Pod['spec']): { pod: Pod; uid: string } {
    const made = makePod(spec);
    state.putPod(made.pod);
    return made;
  }

  function deletePod(pod: Pod, deletionGracePeriodSeconds: number): void {
    state.putPod({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds } });
  }

  const look = (uid: string) => fixture.runtime.getPod({ uid, namespace: 'default', name: '' });
  const ready = (uid: string) => eventually(() => sink.status(uid)?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'), { timeoutMs: 20_000 });
  const phase = (uid: string, wanted: string) => eventually(() => sink.status(uid)?.phase === wanted, { timeoutMs: 20_000 });
  const running = 'trap "exit 0" TERM; while true; do sleep 0.1; done';

  it('takes a pod from nothing to Ready, and to nothing again', async () => {
    const { uid, pod } = run({ containers: [shell(running)] });
    await ready(uid);
    expect(sink.phases(uid)).toEqual(['Pending', 'Running']);
    expect(sink.reasons(uid)).toEqual(['Pulled', 'Created', 'Started']);
    expect(sink.status(uid)?.podIP).toMatch(/^198\.18\.201\./);
    deletePod(pod, 10);
    await eventually(() => sink.terminated(uid), { timeoutMs: 20_000 });
    expect(sink.status(uid)).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }] });
    expect(await look(uid)).toMatchObject({ sandboxes: [], containers: [] });
    state.removePod(uid);
  });

  it('runs init containers in order, then containers that share network and volumes', async () => {
    const mount = [{ name: 'shared', mountPath: '/shared' }];
    const { uid } = run({
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [shell('echo first > /shared/order', { name: 'one', volumeMounts: mount }), shell('echo second >> /shared/order', { name: 'two', volumeMounts: mount })],
      containers: [
        shell('exec httpd -f -p 8080 -h /shared', { name: 'server', volumeMounts: mount }),
        shell('until wget -q -O /tmp/x http://127.0.0.1:8080/order; do sleep 0.1; done; cat /tmp/x > /dev/termination-log; exec sleep 1000', { name: 'client' }),
      ],
    });
    await ready(uid);
    const client = (await look(uid)).containers.find((container) => container.name === 'client')!;
    const { readFile } = await import('node:fs/promises');
    await eventually(async () => (await readFile(client.terminationMessageFile!, 'utf8')) === 'first\nsecond\n');
    expect(sink.status(uid)?.initContainerStatuses?.map((status) => status.state?.terminated?.reason)).toEqual(['Completed', 'Completed']);
    state.removePod(uid);
  });

  it('reports CrashLoopBackOff, the last words and the restarts of a container that fails', async () => {
    const { uid, pod } = run({ containers: [shell('echo -n too bad > /dev/termination-log; exit 3')] });
    await eventually(() => sink.status(uid)?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff', { timeoutMs: 20_000 });
    expect(sink.status(uid)?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1, ready: false,
      state: { waiting: { message: `back-off 10s restarting failed container=main pod=${pod.metadata?.name}_default(${uid})` } },
      lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'too bad' } },
    });
    expect(sink.reasons(uid)).toContain('BackOff');
    state.removePod(uid);
  });

  it('brings back a container and a sandbox that were removed by hand', async () => {
    const { uid } = run({ containers: [shell(running)] });
    await ready(uid);
    const before = (await look(uid)).containers[0]!;
    await fixture.client.stopContainer(before.id, 0);
    await eventually(() => sink.status(uid)?.containerStatuses?.[0]?.restartCount === 1, { timeoutMs: 20_000 });
    await ready(uid);
    const sandbox = (await look(uid)).sandboxes[0]!;
    await fixture.client.removeContainer(sandbox.id);
    await eventually(async () => {
      const now = await look(uid);
      return now.sandboxes[0] && now.sandboxes[0].id !== sandbox.id && now.containers[0]?.phase === 'running';
    }, { timeoutMs: 20_000 });
    await ready(uid);
    state.removePod(uid);
  });

  it('leaves pods running when it stops, and takes them up again without restarting anything', async () => {
    const { uid, pod } = run({ containers: [shell(running)] });
    await ready(uid);
    const before = await look(uid);
    await manager.stop();
    expect(await look(uid)).toEqual(before);
    manager = startManager();
    await eventually(() => sink.reports.filter((report) => report.uid === uid).length > 0);
    deletePod(pod, 0);
    await eventually(() => sink.terminated(uid), { timeoutMs: 20_000 });
    // One container was ever made: the report of the end is about the first.
    expect(sink.status(uid)?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, containerID: `docker://${before.containers[0]!.id}` });
    state.removePod(uid);
  });

  it('cuts a termination short when the pod is then deleted by force', async () => {
    const { uid, pod } = run({ containers: [shell('trap "" TERM; while true; do sleep 0.1; done')] });
    await ready(uid);
    deletePod(pod, 60);
    await eventually(() => sink.reasons(uid).includes('Killing'));
    const begun = performance.now();
    deletePod(pod, 0);
    await eventually(() => sink.terminated(uid), { timeoutMs: 20_000 });
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(sink.status(uid)?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
    state.removePod(uid);
  });

  it('lets a pod that need not restart succeed or fail', async () => {
    const good = run({ restartPolicy: 'Never', containers: [shell('exit 0')] });
    const bad = run({ restartPolicy: 'Never', containers: [shell('exit 1'), shell('exit 0', { name: 'other' })] });
    await phase(good.uid, 'Succeeded');
    await phase(bad.uid, 'Failed');
    expect((await look(good.uid)).sandboxes.every((sandbox) => sandbox.phase === 'exited')).toBe(true);
    for (const { uid } of [good, bad]) state.removePod(uid);
    await eventually(async () => (await look(good.uid)).containers.length + (await look(bad.uid)).containers.length === 0, { timeoutMs: 20_000 });
  });

  it('says why an image is missing', async () => {
    const never = run({ containers: [shell('', { image: 'bramble-test/none:1', imagePullPolicy: 'Never' })] });
    const broken = run({ containers: [shell('', { image: 'Not An Image' })] });
    const unreachable = run({ containers: [shell('', { image: '127.0.0.1:1/none:1' })] });
    const reason = (uid: string) => sink.status(uid)?.containerStatuses?.[0]?.state?.waiting?.reason;
    await eventually(() => reason(never.uid) === 'ErrImageNeverPull');
    await eventually(() => reason(broken.uid) === 'InvalidImageName');
    await eventually(() => /^(ErrImagePull|ImagePullBackOff)$/.test(reason(unreachable.uid) ?? ''));
    for (const { uid } of [never, broken, unreachable]) state.removePod(uid);
  });

  it('gives configuration as environment and files, once it is there', async () => {
    const { uid } = run({
      volumes: [{ name: 'config', configMap: { name: 'settings' } }],
      containers: [shell('echo "$COLOR $(cat /config/shape)" > /dev/termination-log; exec sleep 1000', {
        env: [{ name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } }],
        volumeMounts: [{ name: 'config', mountPath: '/config' }],
      })],
    });
    await eventually(() => sink.reasons(uid).includes('FailedMount'), { timeoutMs: 20_000 });
    state.put({ kind: 'ConfigMap', object: { metadata: { name: 'settings', namespace: 'default' }, data: { color: 'green', shape: 'round' } } });
    await ready(uid);
    const { readFile } = await import('node:fs/promises');
    const main = (await look(uid)).containers[0]!;
    await eventually(async () => (await readFile(main.terminationMessageFile!, 'utf8')) === 'green round\n');
    state.removePod(uid);
  });

  it('removes everything for good', async () => {
    const { uid } = run({ volumes: [{ name: 'm', emptyDir: { medium: 'Memory' } }], containers: [shell(running, { volumeMounts: [{ name: 'm', mountPath: '/m' }] })] });
    await ready(uid);
    await manager.stop();
    const { dataDir, options, host } = fixture;
    const removal = { dataDir, boardName: options.boardName, dockerHost: host, bridgeName: options.bridgeName };
    expect(await removeAllPods(removal)).toBeGreaterThan(0);
    expect(await fixture.runtime.listPods()).toEqual([]);
    expect(await fixture.client.listNetworks({ name: [options.networkName] })).toEqual([]);
    const { runCommand } = await import('../../network/run-command.ts');
    expect(await runCommand('ip', 'route', 'show', 'type', 'blackhole')).not.toContain('198.18.192.0/19');
    expect(await runCommand('iptables', '-t', 'nat', '-S')).not.toContain('brtest3');
    expect(await runCommand('cat', '/proc/self/mountinfo')).not.toContain(dataDir);
    expect(await removeAllPods(removal)).toBe(0);
  });
});
