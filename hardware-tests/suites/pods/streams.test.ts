/** kubectl logs and kubectl exec. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerStatus, idle, shell, type PodBench } from '../../framework/pod-bench.ts';
import { startPodCluster, stopPodCluster, type PodCluster } from './pod-cluster.ts';

let world: PodCluster;
let pods: PodBench;

beforeAll(async () => {
  world = await startPodCluster();
  ({ pods } = world);
  await pods.create('talk', { containers: [shell(`for n in 1 2 3 4 5; do echo line $n; done; echo wrong >&2; ${idle}`)] });
  await pods.create('pair', { containers: [shell(`echo of main; ${idle}`), shell(`echo of other; ${idle}`, { name: 'other' })], initContainers: [shell('echo of init', { name: 'first' })] });
  await Promise.all([pods.ready('talk'), pods.ready('pair')]);
});

afterAll(() => stopPodCluster(world));

const kubectl = (...args: string[]): Promise<string> => world.cluster.kubectl.run(args);

describe.concurrent('logs', () => {
  it('have both outputs', async () => {
    const log = await kubectl('logs', 'talk');
    expect(log.split('\n').filter((line) => line.startsWith('line'))).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5']);
    expect(log).toContain('wrong\n');
  });

  it('are cut by tail, bytes and time', async () => {
    expect((await kubectl('logs', 'talk', '--tail=2')).trim().split('\n')).toHaveLength(2);
    expect(await kubectl('logs', 'talk', '--tail=0')).toBe('');
    expect(await kubectl('logs', 'talk', '--limit-bytes=9')).toBe((await kubectl('logs', 'talk')).slice(0, 9));
    expect(await kubectl('logs', 'talk', '--since=1h')).toContain('line 1');
    expect(await kubectl('logs', 'talk', `--since-time=${new Date(Date.now() + 3_600_000).toISOString()}`)).toBe('');
    const stamped = await kubectl('logs', 'talk', '--timestamps');
    for (const line of stamped.trim().split('\n')) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z (line|wrong)/);
  });

  it('follow a container until it ends', async () => {
    await pods.create('counts', { restartPolicy: 'Never', containers: [shell('for n in 1 2 3 4 5 6; do echo $n; sleep 0.5; done')] });
    await pods.until('counts', (pod) => containerStatus(pod)?.state?.running !== undefined);
    expect(await kubectl('logs', '-f', 'counts')).toBe('1\n2\n3\n4\n5\n6\n');
  });

  it('are of the run before where asked', async () => {
    await pods.create('again', { volumes: [{ name: 'memory', emptyDir: {} }], containers: [shell(`if [ -e /memory/x ]; then echo second; ${idle}; fi; touch /memory/x; echo first; exit 1`, { volumeMounts: [{ name: 'memory', mountPath: '/memory' }] })] });
    await pods.until('again', (pod) => containerStatus(pod)?.restartCount === 1 && containerStatus(pod)?.ready === true);
    expect(await kubectl('logs', 'again')).toBe('second\n');
    expect(await kubectl('logs', '--previous', 'again')).toBe('first\n');
    const none = await world.cluster.kubectl.try(['logs', '--previous', 'talk']);
    expect(none.stderr).toContain('previous terminated container "main" in pod "talk" not found');
  });

  it('ask which container is meant', async () => {
    expect(await kubectl('logs', 'pair', '-c', 'other')).toBe('of other\n');
    expect(await kubectl('logs', 'pair', '-c', 'first')).toBe('of init\n');
    expect((await kubectl('logs', 'pair', '--all-containers')).trim().split('\n').sort()).toEqual(['of init', 'of main', 'of other']);
    const unnamed = await world.cluster.kubectl.try(['logs', 'pair']);
    expect(unnamed.stdout).toBe('of main\n');
    expect(unnamed.stderr).toContain('Defaulted container "main" out of: main, other, first (init)');
    await expect(pods.logs('pair')).rejects.toThrow(/a container name must be specified for pod pair, choose one of: \[main other\] or one of the init containers: \[first\]/);
    await expect(pods.logs('pair', 'container=none')).rejects.toThrow(/container none is not valid for pod pair/);
  });

  it('say why there are none', async () => {
    await pods.create('not-yet', { containers: [shell(idle, { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'absent', key: 'x' } } }] })] });
    await pods.until('not-yet', (pod) => containerStatus(pod)?.state?.waiting?.reason === 'CreateContainerConfigError');
    const result = await world.cluster.kubectl.try(['logs', 'not-yet']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('container "main" in pod "not-yet" is waiting to start: CreateContainerConfigError');
  });

  it('are there after the end', async () => {
    await pods.create('ended', { restartPolicy: 'Never', containers: [shell('echo last words')] });
    expect(await pods.output('ended')).toBe('last words\n');
  });
});

describe.concurrent('exec', () => {
  it('gives both outputs and the exit code', async () => {
    expect(await pods.exec('talk', ['sh', '-c', 'echo out; echo err >&2; exit 42'])).toEqual({ code: 42, stdout: 'out\n', stderr: 'err\n' });
    const result = await world.cluster.kubectl.try(['exec', 'talk', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(result).toMatchObject({ code: 3, stdout: 'out\n' });
    expect(result.stderr).toContain('err\n');
    expect(result.stderr).toContain('command terminated with exit code 3');
  });

  it('passes input on, to its end', async () => {
    expect((await world.cluster.kubectl.try(['exec', '-i', 'talk', '--', 'sh', '-c', 'cat; echo end'], 'one\ntwo\n')).stdout).toBe('one\ntwo\nend\n');
    const much = 'x'.repeat(1024 * 1024);
    expect((await world.cluster.kubectl.try(['exec', '-i', 'talk', '--', 'wc', '-c'], much)).stdout.trim()).toBe(String(much.length));
    expect((await world.cluster.kubectl.try(['exec', '-i', 'talk', '--', 'cat'], much)).stdout.length).toBe(much.length);
  });

  it('has a terminal where asked', async () => {
    const output = await new Promise<string>((resolve, reject) => {
      const command = `kubectl --kubeconfig ${world.cluster.kubeconfig} exec -it talk -- sh -c 'tty; test -t 0 && echo terminal'`;
      const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (data: string) => { text += data; });
      child.on('error', reject);
      child.on('close', () => resolve(text));
    });
    expect(output).toContain('/dev/pts/');
    expect(output).toContain('terminal');
  });

  it('goes to the container that is named', async () => {
    expect((await pods.exec('pair', ['cat', '/proc/1/cmdline'], 'other')).stdout).toContain('of other');
    const none = await world.cluster.kubectl.try(['exec', 'pair', '-c', 'none', '--', 'true']);
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/container none is not valid for pod pair|container none not found in pod pair/);
  });

  it('says that a command is not there, and that a container does not run', async () => {
    const missing = await world.cluster.kubectl.try(['exec', 'talk', '--', '/no/such/command']);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr + missing.stdout).toContain('/no/such/command');
    await pods.create('over', { restartPolicy: 'Never', containers: [shell('exit 0')] });
    await pods.phase('over', 'Succeeded');
    const over = await world.cluster.kubectl.try(['exec', 'over', '--', 'true']);
    expect(over.code).toBe(1);
    expect(over.stderr).toMatch(/cannot exec into a container in a completed pod; current phase is Succeeded|container not found \("main"\)/);
  });

  it('ends with the container', async () => {
    await pods.create('short', { restartPolicy: 'Never', containers: [shell(idle)] });
    await pods.ready('short');
    const running = world.cluster.kubectl.try(['exec', 'short', '--', 'sleep', '60']);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await pods.delete('short');
    expect((await running).code).not.toBe(0);
  });
});
