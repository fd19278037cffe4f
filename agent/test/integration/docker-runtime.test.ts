import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { makeDockerHost } from '../../docker-host.ts';
import { sandboxImage } from '../../docker/sandbox-image.ts';
import type { ContainerConfig, ContainerLogOptions } from '../../container-runtime/container-runtime.ts';
import { containerConfig, sandboxConfig } from '../../testing/container-builders.ts';
import { startDockerFixture, type DockerFixture } from '../../testing/docker-fixture.ts';
import { describeRuntimeContract } from '../../testing/runtime-contract.ts';

async function execute(fixture: DockerFixture, containerId: string, ...command: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const session = await fixture.runtime.exec(containerId, { command, stdin: false, tty: false });
  const [stdout, stderr] = await Promise.all([text(session.stdout), session.stderr ? text(session.stderr) : '']);
  return { stdout, stderr, exitCode: await session.wait() };
}

async function text(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let result = '';
  for await (const chunk of stream) result += chunk.toString();
  return result;
}

describeRuntimeContract('DockerRuntime', async () => {
  const fixture = await startDockerFixture('contract', 'brtest1');
  return {
    runtime: fixture.runtime,
    image: fixture.image,
    end: async (uid, name, exitCode) => {
      const pod = await fixture.runtime.getPod({ uid, namespace: 'default', name });
      const id = pod.containers.find((container) => container.name === name && container.phase === 'running')!.id;
      await execute(fixture, id, 'sh', '-c', `until [ -p /tmp/end ]; do usleep 1000; done; echo ${exitCode} > /tmp/end`);
    },
    cleanUp: () => fixture.stop(),
  };
});

describe('DockerRuntime', () => {
  let fixture: DockerFixture;
  let next = 0;

  beforeAll(async () => { fixture = await startDockerFixture('runtime', 'brtest1'); });
  afterAll(async () => { await fixture.stop(); });

  async function start(script: string, changes: Partial<ContainerConfig> = {}, sandboxChanges: Parameters<typeof sandboxConfig>[1] = {}) {
    const uid = `docker-${next++}`;
    const sandbox = await fixture.runtime.runSandbox(sandboxConfig(uid, sandboxChanges));
    const id = await fixture.runtime.createContainer(sandbox.id, containerConfig(uid, fixture.image, { command: ['/bin/sh', '-c', script], ...changes }));
    await fixture.runtime.startContainer(id);
    const main = async () => (await fixture.runtime.getPod({ uid, namespace: 'default', name: uid })).containers.find((container) => container.id === id)!;
    return { uid, sandbox, id, main };
  }

  async function logs(id: string, options: Partial<ContainerLogOptions> = {}, signal = new AbortController().signal): Promise<{ stdout: string; stderr: string }> {
    const result = { stdout: '', stderr: '' };
    for await (const chunk of fixture.runtime.logs(id, { follow: false, timestamps: false, ...options }, signal)) result[chunk.stream] += chunk.data.toString();
    return result;
  }

  const ended = (main: () => Promise<{ phase: string }>) => eventually(async () => (await main()).phase === 'exited');

  it('runs the sandbox on our own program, which ends at SIGTERM', async () => {
    const { sandbox } = await start('exec sleep 100');
    const details = await fixture.client.inspectContainer(sandbox.id);
    expect(details.Config.Image).toBe(sandboxImage);
    const begun = performance.now();
    await fixture.client.stopContainer(sandbox.id, 20);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect((await fixture.client.inspectContainer(sandbox.id)).State.ExitCode).toBe(0);
  });

  it('gives containers of a pod one network, hosts, resolv.conf and hostname', async () => {
    const { id, sandbox } = await start('exec sleep 100', {}, { hostAliases: [{ ip: '203.0.113.7', hostnames: ['a', 'b'] }] });
    const { stdout } = await execute(fixture, id, 'sh', '-c', 'cat /etc/hosts /etc/resolv.conf; hostname; ip -4 addr show eth0');
    expect(stdout).toContain(`${sandbox.ip}\tpod-docker-1\n`);
    expect(stdout).toContain('203.0.113.7\ta\tb');
    expect(stdout).toContain('nameserver 198.19.0.10');
    expect(stdout).toContain('\npod-docker-1\n');
    expect(stdout).toContain(`inet ${sandbox.ip}/`);
  });

  it('gives a pod with shared process namespace our program as process 1, which reaps orphans', async () => {
    const { id } = await start('exec sleep 100', { namespaces: { pid: 'pod', ipc: 'pod' } });
    const { stdout } = await execute(fixture, id, 'sh', '-c', '(sh -c "sleep 0.05 &" ); cat /proc/1/cmdline; usleep 300000; ps -o stat,comm | grep -c "^Z" || true');
    expect(stdout).toBe('/pause\u00000\n');
  });

  it('keeps stdout and stderr apart, in order, from the end and since a time', async () => {
    const { id, main } = await start('echo one; echo two >&2; sleep 1.1; echo three');
    await ended(main);
    expect(await logs(id)).toEqual({ stdout: 'one\nthree\n', stderr: 'two\n' });
    expect(await logs(id, { tailLines: 1 })).toEqual({ stdout: 'three\n', stderr: '' });
    expect((await logs(id, { since: (await main()).startedAt! + 600 })).stdout).toBe('three\n');
    expect((await logs(id, { timestamps: true, tailLines: 1 })).stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z three\n$/);
  });

  it('follows a log until the container ends', async () => {
    const { id } = await start('for i in 1 2 3; do echo $i; sleep 0.1; done');
    expect((await logs(id, { follow: true })).stdout).toBe('1\n2\n3\n');
  });

  it('stops following when told to', async () => {
    const { id } = await start('while true; do echo x; sleep 0.05; done');
    const abort = new AbortController();
    let seen = 0;
    for await (const chunk of fixture.runtime.logs(id, { follow: true, timestamps: false }, abort.signal)) {
      seen += chunk.data.length;
      if (seen > 4) abort.abort();
    }
    expect(seen).toBeGreaterThan(4);
  });

  it('runs commands: output, exit code, stdin, terminal', async () => {
    const { id } = await start('exec sleep 100');
    expect(await execute(fixture, id, 'sh', '-c', 'echo out; echo err >&2; exit 3')).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3 });
    const session = await fixture.runtime.exec(id, { command: ['cat'], stdin: true, tty: false });
    session.stdin!.end('hello');
    expect(await text(session.stdout)).toBe('hello');
    expect(await session.wait()).toBe(0);
    const terminal = await fixture.runtime.exec(id, { command: ['sh', '-c', 'sleep 0.3; stty size'], stdin: true, tty: true });
    await terminal.resize(99, 33);
    expect(await text(terminal.stdout)).toBe('33 99\r\n');
    expect(terminal.stderr).toBeUndefined();
  });

  it('passes hundreds of kilobytes of output through whole', async () => {
    const { id } = await start('exec sleep 100');
    const { stdout, exitCode } = await execute(fixture, id, 'sh', '-c', 'yes 0123456789 | head -n 50000');
    expect(stdout.length).toBe(550_000);
    expect(exitCode).toBe(0);
  });

  it('keeps the last words of a container in a file of the board', async () => {
    const { main } = await start('echo -n goodbye > /dev/termination-log', { security: { ...containerConfig('x', fixture.image).security, user: '1000' } });
    await ended(main);
    expect(await readFile((await main()).terminationMessageFile!, 'utf8')).toBe('goodbye');
  });

  it('calls a container that cannot be started exited, with the reason', async () => {
    await expect(start('', { command: ['/no/such/program'] })).rejects.toMatchObject({ reason: 'RunContainerError' });
    const pod = await fixture.runtime.getPod({ uid: `docker-${next - 1}`, namespace: 'default', name: 'x' });
    expect(pod.containers[0]).toMatchObject({ phase: 'exited', exitCode: 128 });
    expect(pod.containers[0]?.error).toContain('/no/such/program');
  });

  it('limits memory, and says so when the limit killed the container', async () => {
    const { main } = await start('tail /dev/zero', { resources: { memoryBytes: 8 * 1024 * 1024 } });
    await ended(main);
    expect(await main()).toMatchObject({ exitCode: 137, oomKilled: true });
  });

  it('applies CPU limits, user, groups, environment and read-only root', async () => {
    const { id } = await start('exec sleep 100', {
      environment: ['GREETING=hello'],
      resources: { cpuShares: 512, cpuQuotaMicros: 50_000, cpuPeriodMicros: 100_000, oomScoreAdjust: 500 },
      security: { ...containerConfig('x', fixture.image).security, user: '1000:1001', supplementalGroups: [2000], readOnlyRootFilesystem: true },
    });
    const { HostConfig } = await fixture.client.inspectContainer(id);
    expect(HostConfig).toMatchObject({ CpuShares: 512, CpuQuota: 50_000, CpuPeriod: 100_000, OomScoreAdj: 500, LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } } });
    const { stdout } = await execute(fixture, id, 'sh', '-c', 'id -u; id -g; id -G; echo $GREETING; touch /x 2>&1; cat /proc/1/oom_score_adj');
    expect(stdout).toBe('1000\n1001\n1001 2000\nhello\ntouch: /x: Read-only file system\n500\n');
  });

  it('does not see the containers of another agent on the same engine', async () => {
    await start('exec sleep 100');
    const stranger = await makeDockerHost({ ...fixture.options, agentId: 'stranger' }, { clock: systemClock, logger: silentLogger });
    expect(await stranger.runtime.listPods()).toEqual([]);
  });

  it('publishes a host port', async () => {
    const { sandbox } = await start('exec httpd -f -p 8080 -h /etc', {}, { ports: [{ containerPort: 8080, hostPort: 38_471, protocol: 'TCP', hostIP: '127.0.0.1' }] });
    expect(sandbox.ip).toBeDefined();
    const body = await eventually(async () => (await fetch('http://127.0.0.1:38471/nsswitch.conf')).text());
    expect(body).toBe('hosts: files dns\n');
  });
});
