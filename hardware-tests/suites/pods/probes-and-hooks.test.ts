/** Probes, lifecycle hooks and how pods end. */
import type { Pod } from 'kubernetes-types/core/v1';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { condition, containerStatus, idle, isReady, shell, toolsImage, type PodBench } from '../../framework/pod-bench.ts';
import { podRow, startPodCluster, stopPodCluster, type PodCluster } from './pod-cluster.ts';

let world: PodCluster;
let pods: PodBench;

beforeAll(async () => {
  world = await startPodCluster();
  ({ pods } = world);
});

afterAll(() => stopPodCluster(world));

/** An HTTP server on 8080: /healthz answers 200 while /state/sick is not there, /cgi-bin/note keeps what it is asked. */
const serve = [
  'mkdir -p /www/cgi-bin /state',
  'printf \'#!/bin/sh\\nif [ -e /state/sick ]; then echo "Status: 500 sick"; fi\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\nok"\\n\' > /www/cgi-bin/healthz',
  'printf \'#!/bin/sh\\necho "$QUERY_STRING $HTTP_X_MARK" >> /state/notes\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\nnoted"\\n\' > /www/cgi-bin/note',
  'chmod 755 /www/cgi-bin/*',
  'httpd -f -p 8080 -h /www &',
  'trap "exit 0" TERM; wait; wait',
].join('\n');
const quick = { periodSeconds: 1, timeoutSeconds: 2 };
const restarted = (count: number, name = 'main') => (pod: Pod): boolean => (containerStatus(pod, name)?.restartCount ?? 0) >= count && containerStatus(pod, name)?.state?.running !== undefined;

describe.concurrent('readiness probes', () => {
  it('are not asked before their initial delay', async () => {
    await pods.create('ready-later', { containers: [shell(idle, { readinessProbe: { exec: { command: ['true'] }, initialDelaySeconds: 4, ...quick } })] });
    const pod = await pods.ready('ready-later');
    const running = Date.parse(containerStatus(pod)!.state!.running!.startedAt!);
    expect(Date.parse(condition(pod, 'Ready')!.lastTransitionTime!) - running).toBeGreaterThanOrEqual(3_000);
    expect(Date.parse(condition(pod, 'Ready')!.lastTransitionTime!) - running).toBeLessThanOrEqual(8_000);
    expect(containerStatus(pod)?.restartCount).toBe(0);
  });

  it('that fail keep a pod unready, restart nothing and tell why', async () => {
    await pods.create('never-ready', { containers: [shell(idle, { readinessProbe: { exec: { command: ['sh', '-c', 'echo not yet; exit 1'] }, ...quick } })] });
    await pods.event('never-ready', 'Unhealthy', /^Readiness probe failed: not yet/);
    const pod = await pods.get('never-ready');
    expect(containerStatus(pod)).toMatchObject({ ready: false, started: true, restartCount: 0 });
    expect(condition(pod, 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [main]' });
    expect(await podRow(world.cluster, 'never-ready')).toMatchObject({ READY: '0/1', STATUS: 'Running' });
  });

  it('over HTTP take a pod out and let it in again', async () => {
    await pods.create('in-and-out', { containers: [shell(serve, { ports: [{ name: 'web', containerPort: 8080 }], readinessProbe: { httpGet: { path: '/cgi-bin/healthz', port: 'web' }, failureThreshold: 1, ...quick } })] });
    await pods.ready('in-and-out');
    await pods.exec('in-and-out', ['touch', '/state/sick']);
    await pods.event('in-and-out', 'Unhealthy', /^Readiness probe failed: HTTP probe failed with statuscode: 500$/);
    await eventually(async () => !isReady(await pods.get('in-and-out')), { timeoutMs: 10_000 });
    await pods.exec('in-and-out', ['rm', '/state/sick']);
    await eventually(async () => isReady(await pods.get('in-and-out')), { timeoutMs: 10_000 });
  });

  it('of one container hold the pod, not the other container', async () => {
    await pods.create('half-ready', { containers: [shell(idle), shell(idle, { name: 'other', readinessProbe: { exec: { command: ['false'] }, ...quick } })] });
    const pod = await pods.until('half-ready', (one) => containerStatus(one)?.ready === true);
    expect(isReady(pod)).toBe(false);
    expect(await podRow(world.cluster, 'half-ready')).toMatchObject({ READY: '1/2' });
  });
});

describe.concurrent('liveness probes', () => {
  const exec = (command: string[]) => ({ livenessProbe: { exec: { command }, failureThreshold: 1, ...quick } });

  it('by command restart a container that fails, and say so', async () => {
    await pods.create('live-exec', { containers: [shell(`echo ok > /tmp/health; sleep 2; rm /tmp/health; ${idle}`, exec(['cat', '/tmp/health']))] });
    const pod = await pods.until('live-exec', restarted(1));
    expect(containerStatus(pod)?.lastState?.terminated).toBeDefined();
    await pods.event('live-exec', 'Unhealthy', /^Liveness probe failed: cat: can't open '\/tmp\/health'/);
    await pods.event('live-exec', 'Killing', /^Container main failed liveness probe, will be restarted$/);
  });

  it('again and again lead to back-off, as any other end does', async () => {
    await pods.create('live-loop', { containers: [shell(idle, exec(['false']))] });
    const pod = await pods.until('live-loop', (one) => containerStatus(one)?.state?.waiting?.reason === 'CrashLoopBackOff');
    expect(containerStatus(pod)?.restartCount).toBeGreaterThanOrEqual(1);
    await pods.until('live-loop', restarted(3));
  });

  it('that succeed restart nothing', async () => {
    await pods.create('live-well', { containers: [
      shell(idle, { ...exec(['true']) }),
      shell(serve, { name: 'http', livenessProbe: { httpGet: { path: '/cgi-bin/healthz', port: 8080 }, initialDelaySeconds: 1, ...quick } }),
      shell(idle, { name: 'tcp', livenessProbe: { tcpSocket: { port: 8080 }, initialDelaySeconds: 1, ...quick } }),
    ] });
    await pods.ready('live-well');
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect((await pods.get('live-well')).status?.containerStatuses?.map((status) => status.restartCount)).toEqual([0, 0, 0]);
  });

  it('over HTTP restart a container that turned sick', async () => {
    await pods.create('live-http', { containers: [shell(serve, { livenessProbe: { httpGet: { path: '/cgi-bin/healthz', port: 8080 }, failureThreshold: 2, initialDelaySeconds: 1, ...quick } })] });
    await pods.ready('live-http');
    await pods.exec('live-http', ['touch', '/state/sick']);
    await pods.until('live-http', restarted(1));
    await pods.event('live-http', 'Unhealthy', /^Liveness probe failed: HTTP probe failed with statuscode: 500$/);
  });

  it('over TCP and gRPC fail where nobody listens', async () => {
    await pods.create('live-tcp', { containers: [shell(idle, { livenessProbe: { tcpSocket: { port: 81 }, failureThreshold: 1, ...quick } })] });
    await pods.create('live-grpc', { containers: [shell(idle, { livenessProbe: { grpc: { port: 82, service: '' }, failureThreshold: 1, ...quick } })] });
    await pods.event('live-tcp', 'Unhealthy', /^Liveness probe failed: dial tcp 198\.18\.\d+\.\d+:81: connect: connection refused$/);
    await pods.event('live-grpc', 'Unhealthy', /^Liveness probe failed: .*:82/);
    await pods.until('live-tcp', restarted(1));
    await pods.until('live-grpc', restarted(1));
  });

  it('wait for the startup probe', async () => {
    const script = `sleep 3; touch /tmp/up; sleep 2; touch /tmp/fail; ${idle}`;
    await pods.create('start-first', { containers: [shell(script, {
      startupProbe: { exec: { command: ['cat', '/tmp/up'] }, failureThreshold: 20, ...quick },
      readinessProbe: { exec: { command: ['true'] }, ...quick },
      livenessProbe: { exec: { command: ['cat', '/tmp/up'] }, failureThreshold: 1, ...quick },
    })] });
    const early = await pods.until('start-first', (pod) => containerStatus(pod)?.state?.running !== undefined);
    expect(containerStatus(early)).toMatchObject({ started: false, ready: false });
    const pod = await pods.ready('start-first');
    expect(containerStatus(pod)).toMatchObject({ started: true, ready: true, restartCount: 0 });
    expect(Date.parse(condition(pod, 'Ready')!.lastTransitionTime!) - Date.parse(containerStatus(pod)!.state!.running!.startedAt!)).toBeGreaterThanOrEqual(2_000);
    await pods.event('start-first', 'Unhealthy', /^Startup probe failed: cat: can't open/);
  });

  it('a startup probe that never succeeds restarts the container', async () => {
    await pods.create('start-never', { containers: [shell(idle, { startupProbe: { exec: { command: ['false'] }, failureThreshold: 2, ...quick } })] });
    await pods.until('start-never', restarted(1));
    await pods.event('start-never', 'Killing', /^Container main failed startup probe, will be restarted$/);
  });

  it('with a grace period of their own do not wait for the pod\'s', async () => {
    await pods.create('live-grace', { terminationGracePeriodSeconds: 60, containers: [shell('trap "" TERM; while true; do sleep 1; done', {
      livenessProbe: { exec: { command: ['false'] }, failureThreshold: 1, terminationGracePeriodSeconds: 1, ...quick },
    })] });
    const pod = await pods.until('live-grace', restarted(1), 20_000);
    expect(containerStatus(pod)?.lastState?.terminated?.exitCode).toBe(137);
  });

  it('that take too long have failed', async () => {
    await pods.create('live-slow', { containers: [shell(idle, { livenessProbe: { exec: { command: ['sleep', '10'] }, failureThreshold: 1, periodSeconds: 1, timeoutSeconds: 1 } })] });
    await pods.event('live-slow', 'Unhealthy', /^Liveness probe failed: command .* timed out/);
    await pods.until('live-slow', restarted(1));
  });
});

describe.concurrent('hooks', () => {
  async function notes(name: string): Promise<string> {
    return (await pods.exec(name, ['cat', '/state/notes'])).stdout;
  }

  async function server(name: string): Promise<string> {
    await pods.create(name, { containers: [shell(serve, { readinessProbe: { httpGet: { path: '/cgi-bin/healthz', port: 8080 }, ...quick } })] });
    return (await pods.ready(name)).status!.podIP!;
  }

  it('postStart by command and over HTTP run after the start', async () => {
    const host = await server('hook-start-server');
    await pods.create('hook-start', { containers: [
      shell(idle, { lifecycle: { postStart: { httpGet: { host, port: 8080, path: '/cgi-bin/note?post=start', httpHeaders: [{ name: 'X-Mark', value: 'marked' }] } } } }),
      shell(idle, { name: 'exec', lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo started > /tmp/hook'] } } } }),
    ] });
    await pods.ready('hook-start');
    expect(await notes('hook-start-server')).toBe('post=start marked\n');
    expect((await pods.exec('hook-start', ['cat', '/tmp/hook'], 'exec')).stdout).toBe('started\n');
  });

  it('preStop by command and over HTTP run before the end', async () => {
    const host = await server('hook-stop-server');
    await pods.create('hook-stop', { terminationGracePeriodSeconds: 10, containers: [
      shell(idle, { lifecycle: { preStop: { httpGet: { host, port: 8080, path: '/cgi-bin/note?pre=stop' } } } }),
      shell(idle, { name: 'exec', lifecycle: { preStop: { exec: { command: ['wget', '-qO-', `http://${host}:8080/cgi-bin/note?pre=exec`] } } } }),
    ] });
    await pods.ready('hook-stop');
    await pods.delete('hook-stop');
    await pods.gone('hook-stop');
    expect((await notes('hook-stop-server')).trim().split('\n').map((line) => line.trim()).sort()).toEqual(['pre=exec', 'pre=stop']);
  });

  it('preStop sleep takes its time out of the grace period', async () => {
    await pods.create('hook-sleep', { terminationGracePeriodSeconds: 20, containers: [shell(idle, { lifecycle: { preStop: { sleep: { seconds: 3 } } } })] });
    await pods.ready('hook-sleep');
    const began = performance.now();
    await pods.delete('hook-sleep');
    const took = await pods.gone('hook-sleep') - began;
    expect(took).toBeGreaterThan(3_000);
    expect(took).toBeLessThan(8_000);
  });

  it('a postStart that fails ends the container', async () => {
    await pods.create('hook-bad', { restartPolicy: 'Always', containers: [shell(idle, { lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo broken; exit 3'] } } } })] });
    await pods.event('hook-bad', 'FailedPostStartHook', /PostStartHook failed/);
    await pods.until('hook-bad', (pod) => (containerStatus(pod)?.restartCount ?? 0) >= 1);
    const pod = await pods.until('hook-bad', (one) => ['CrashLoopBackOff', 'PostStartHookError'].includes(containerStatus(one)?.state?.waiting?.reason ?? ''));
    expect(isReady(pod)).toBe(false);
  });

  it('a preStop that fails is told and does not keep the pod', async () => {
    await pods.create('hook-prestop-bad', { terminationGracePeriodSeconds: 5, containers: [shell(idle, { lifecycle: { preStop: { exec: { command: ['sh', '-c', 'exit 9'] } } } })] });
    await pods.ready('hook-prestop-bad');
    await pods.delete('hook-prestop-bad');
    await pods.gone('hook-prestop-bad');
    await pods.event('hook-prestop-bad', 'FailedPreStopHook', /PreStopHook failed/);
  });
});

describe.concurrent('the end of a pod', () => {
  it('comes with SIGTERM, and the pod is Terminating until it is over', async () => {
    await pods.create('polite', { terminationGracePeriodSeconds: 30, containers: [shell('trap "sleep 2; exit 0" TERM; while true; do sleep 1 & wait; done')] });
    await pods.ready('polite');
    const began = performance.now();
    await pods.delete('polite');
    expect(await podRow(world.cluster, 'polite')).toMatchObject({ STATUS: 'Terminating' });
    await pods.event('polite', 'Killing', /^Stopping container main$/);
    const took = await pods.gone('polite') - began;
    expect(took).toBeGreaterThan(1_500);
    expect(took).toBeLessThan(12_000);
    const deleting = pods.history('polite').filter(({ metadata }) => metadata?.deletionTimestamp !== undefined).map(({ metadata }) => metadata?.deletionGracePeriodSeconds);
    expect(deleting[0]).toBe(30);
    // The board lets go of it: nothing is left to wait for.
    expect(deleting.at(-1)).toBe(0);
  });

  it('comes with SIGKILL after the grace period for one that ignores SIGTERM', async () => {
    await pods.create('stubborn', { terminationGracePeriodSeconds: 3, containers: [shell('trap "" TERM; while true; do sleep 1; done')] });
    await pods.ready('stubborn');
    const began = performance.now();
    await pods.delete('stubborn');
    const took = await pods.gone('stubborn') - began;
    expect(took).toBeGreaterThan(2_900);
    expect(took).toBeLessThan(10_000);
  });

  it('frees the name at once when it is forced, while the containers still have their grace period', async () => {
    await pods.create('forced', { terminationGracePeriodSeconds: 3, containers: [shell('trap "" TERM; while true; do sleep 1; done')] });
    const id = containerStatus(await pods.ready('forced'))!.containerID!.replace('docker://', '');
    const result = await world.cluster.kubectl.run(['delete', 'pod', 'forced', '--force', '--grace-period=0']);
    expect(result).toContain('force deleted');
    await pods.gone('forced', 2_000);
    await pods.create('forced', { containers: [shell(idle)] });
    await pods.until('forced', (pod) => isReady(pod) && containerStatus(pod)?.containerID !== `docker://${id}`);
    await eventually(async () => !(await world.cluster.containers()).has(id), { timeoutMs: 15_000 });
  });

  it('can be hurried while it is under way', async () => {
    await pods.create('hurried', { terminationGracePeriodSeconds: 60, containers: [shell('trap "" TERM; while true; do sleep 1; done')] });
    await pods.ready('hurried');
    await pods.delete('hurried');
    await pods.delete('hurried', 1);
    await pods.gone('hurried', 12_000);
  });

  it('leaves nothing of one that is deleted while it starts', async () => {
    const names = Array.from({ length: 5 }, (_unused, index) => `brief-${index}`);
    await Promise.all(names.map(async (name, index) => {
      await pods.create(name, { initContainers: [shell('sleep 0.2', { name: 'init' })], containers: [shell(idle)] });
      await new Promise((resolve) => setTimeout(resolve, index * 150));
      await pods.delete(name);
      await pods.gone(name);
    }));
    await eventually(async () => [...(await world.cluster.containers()).values()].every((name) => !name.includes('brief-')), { timeoutMs: 15_000 });
  });

  it('is possible for one that has failed', async () => {
    await pods.create('failed', { restartPolicy: 'Never', containers: [shell('exit 1')] });
    await pods.phase('failed', 'Failed');
    await pods.delete('failed');
    await pods.gone('failed', 10_000);
  });

  it('is told of each of many, by kubectl and by label', async () => {
    const names = Array.from({ length: 30 }, (_unused, index) => `many-${index}`);
    await Promise.all(names.map((name) => pods.create(name, { containers: [{ ...shell(idle), image: toolsImage }] }, { labels: { crowd: 'many' } })));
    await Promise.all(names.map((name) => pods.ready(name, 90_000)));
    expect((await world.cluster.kubectl.run(['get', 'pods', '-l', 'crowd=many', '--no-headers'])).trim().split('\n')).toHaveLength(30);
    const addresses = new Set(await Promise.all(names.map(async (name) => (await pods.get(name)).status?.podIP)));
    expect(addresses.size).toBe(30);
    await pods.api.call('DELETE', '/api/v1/namespaces/default/pods?labelSelector=crowd%3Dmany');
    await Promise.all(names.map((name) => pods.gone(name, 90_000)));
    await eventually(async () => [...(await world.cluster.containers()).values()].every((name) => !name.includes('many-')), { timeoutMs: 15_000 });
  });
});
