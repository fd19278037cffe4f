import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStreamReply, encodeMessage } from '../../../api/messaging/decode.ts';
import type { AttachOptions, ExecOptions, LogOptions, PortOptions, StreamReply, StreamRequest } from '../../../api/messaging/messages.ts';
import { boardSubjects } from '../../../api/messaging/subjects.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { connectBoard, connectServer } from '../../../machinery/nats/connect.ts';
import type { MessagingConnection } from '../../../machinery/nats/messaging-connection.ts';
import { openStream } from '../../../machinery/nats/nats-stream.ts';
import { channels, type BoardStream, type Channel } from '../../../machinery/stream.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { startNatsDaemon, type NatsDaemon } from '../../../machinery/testing/nats-daemon.ts';
import type { ContainerConfig } from '../../container-runtime/container-runtime.ts';
import { createDockerClient } from '../../docker/dockerode-client.ts';
import { DockerRuntime } from '../../docker/docker-runtime.ts';
import { ensureSandboxImage, sandboxImage } from '../../docker/sandbox-image.ts';
import { KubeletApi } from '../../streams/kubelet-api.ts';
import { LoopbackDialer } from '../../streams/loopback-dialer/loopback-dialer.ts';
import { StreamServer } from '../../streams/stream-server.ts';
import { InMemoryDesiredState } from '../../testing/in-memory-desired-state.ts';
import { busyboxImage, ensureTestImage } from '../../testing/test-images.ts';

const board = 'pi-1';
const subjects = boardSubjects(board);
const dependencies = { clock: systemClock, logger: silentLogger, random: () => 0.5 };
const uid = randomUUID();
/** Of a pod with a network of its own, which has no more than a loopback address. */
const innerUid = randomUUID();
const cleanups: (() => Promise<unknown>)[] = [];

let nats: NatsDaemon;
let server: MessagingConnection;
let loopback: LoopbackDialer;
let innerSandbox: string;
let program: string;
let runtime: DockerRuntime;

// Docker reads the two outputs apart: the pause keeps their order in the log.
const script = 'echo "attempt $ATTEMPT"; echo complaint >&2; sleep 0.3; for i in 1 2 3; do echo "line $i"; done; [ "$ATTEMPT" = 0 ] && exit 3; trap "echo bye; exit 0" TERM; sleep 1000 & wait';

// Greets, and sends back in capitals what it gets, once it has got all of it.
const innerScript = 'while true; do nc -l -p 7 -e sh -c "echo hi; exec tr a-z A-Z"; done';

beforeAll(async () => {
  nats = await startNatsDaemon([board]);
  cleanups.push(() => nats.stop());
  server = connectServer(nats.server, dependencies);
  const connection = connectBoard(nats.board(board), dependencies);
  cleanups.push(() => server.close(), () => connection.close());
  await Promise.all([server.connected(), connection.connected()]);

  const dataDir = await mkdtemp(join(tmpdir(), 'bramble-streams-'));
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
  const client = createDockerClient(process.env['BRAMBLE_TEST_DOCKER_HOST']);
  await ensureSandboxImage(client);
  const image = await ensureTestImage(client, busyboxImage);
  runtime = new DockerRuntime({ client, clock: systemClock, logger: silentLogger, dataDir, settings: { agentId: `streams-${uid.slice(0, 8)}`, networkName: 'none', sandboxImage, negativeOomScore: false } });
  const makeSandbox = async (podUid: string, name: string, hostNetwork: boolean): Promise<string> => {
    const { id } = await runtime.runSandbox({
      podUid, namespace: 'shop', name, attempt: 0, hostname: name, hostNetwork, hostPID: false, hostIPC: false, shareProcessNamespace: false,
      dns: { servers: [], searches: [], options: [] }, hostAliases: [], sysctls: {}, ports: [],
    });
    cleanups.push(() => runtime.removeSandbox(id), () => runtime.stopSandbox(id));
    return id;
  };
  const makeContainer = async (sandboxId: string, config: ContainerConfig): Promise<void> => {
    const id = await runtime.createContainer(sandboxId, config);
    cleanups.push(() => runtime.removeContainer(id), () => runtime.stopContainer(id, 0));
    await runtime.startContainer(id);
  };
  const sandbox = await makeSandbox(uid, 'web-0', true);
  innerSandbox = await makeSandbox(innerUid, 'inner', false);
  await makeContainer(innerSandbox, { ...containerConfig(image, 0), podUid: innerUid, podName: 'inner', command: ['/bin/sh', '-c', innerScript] });
  for (const attempt of [0, 1]) await makeContainer(sandbox, containerConfig(image, attempt));
  const state = new InMemoryDesiredState();
  state.putPod({ metadata: { namespace: 'shop', name: 'web-0', uid }, spec: { hostNetwork: true, containers: [{ name: 'main' }] } });
  state.putPod({ metadata: { namespace: 'shop', name: 'inner', uid: innerUid }, spec: { containers: [{ name: 'main' }] } });
  program = join(dataDir, 'loopback-dialer.mjs');
  await build({ entryPoints: [fileURLToPath(new URL('../../streams/loopback-dialer/main.ts', import.meta.url))], outfile: program, bundle: true, format: 'esm', platform: 'node' });
  loopback = new LoopbackDialer({ program, processOf: (id) => runtime.sandboxProcess(id), clock: systemClock });
  const streams = new StreamServer({ connection, board, runtime, state, host: { address: () => '127.0.0.1', kubelet: new KubeletApi({ nodeName: board, dataDir, runtime, state, podStatus: () => undefined, clock: systemClock }) }, loopback, clock: systemClock, log: silentLogger });
  streams.start();
  cleanups.push(() => streams.stop());
});

afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function containerConfig(image: string, attempt: number): ContainerConfig {
  return {
    podUid: uid, namespace: 'shop', podName: 'web-0', name: 'main', kind: 'container', attempt, specHash: 'x', image, imageId: image, command: ['/bin/sh', '-c', script],
    environment: [`ATTEMPT=${attempt}`, 'PATH=/bin'], mounts: [], tty: false, stdin: false, stdinOnce: false, resources: {},
    security: { privileged: false, readOnlyRootFilesystem: false, allowPrivilegeEscalation: true, addCapabilities: [], dropCapabilities: [], supplementalGroups: [], seccompUnconfined: false },
    devices: [], terminationMessagePath: '/dev/termination-log', namespaces: { pid: 'container', ipc: 'pod' },
  };
}

let nextId = 0;

type Request = { kind: 'logs'; options: LogOptions } | { kind: 'exec'; options: ExecOptions } | { kind: 'attach'; options: AttachOptions } | { kind: 'port' | 'node'; options: PortOptions };

/** As the control plane opens a stream. */
async function open(request: Request, target: Partial<StreamRequest> = {}): Promise<{ stream: BoardStream; reply: StreamReply; output: (channel: Channel) => string }> {
  const id = `s${nextId++}`;
  const stream = openStream(server, { send: subjects.streamIn(id), receive: subjects.streamOut(id) }, { clock: systemClock });
  const received = new Map<Channel, string>();
  stream.onData((channel, data) => { received.set(channel, (received.get(channel) ?? '') + Buffer.from(data).toString()); });
  stream.onEnd(() => {});
  const message = { id, namespace: 'shop', pod: 'web-0', uid, container: 'main', ...request, ...target };
  const reply = decodeStreamReply(await server.request(subjects.stream, encodeMessage(message), { timeoutMs: 10_000 }));
  if (reply.error) stream.close({});
  return { stream, reply, output: (channel) => received.get(channel) ?? '' };
}

const logOptions: LogOptions = { follow: false, previous: false, timestamps: false };
const execOptions: ExecOptions = { command: [], stdin: false, stdout: true, stderr: true, tty: false };

async function log(options: Partial<LogOptions> = {}): Promise<string> {
  const { stream, reply, output } = await open({ kind: 'logs', options: { ...logOptions, ...options } });
  expect(reply).toEqual({});
  expect(await stream.closed).toEqual({});
  return output(channels.stdout);
}

describe('logs', () => {
  it('are both outputs of the container that runs', async () => {
    await eventually(async () => (await log()).includes('line 3'));
    expect((await log()).split('\n').sort()).toEqual(['', 'attempt 1', 'complaint', 'line 1', 'line 2', 'line 3']);
  });

  it('can be those of the container before', async () => {
    expect(await log({ previous: true })).toContain('attempt 0');
  });

  it('can be cut: last lines, bytes, time', async () => {
    expect(await log({ tailLines: 2 })).toBe('line 2\nline 3\n');
    expect(await log({ tailLines: 0 })).toBe('');
    expect(await log({ tailLines: 1, limitBytes: 4 })).toBe('line');
    expect(await log({ sinceTime: new Date(Date.now() + 60_000).toISOString() })).toBe('');
    expect(await log({ sinceSeconds: 600, tailLines: 1 })).toBe('line 3\n');
  });

  it('have times as Kubernetes writes them', async () => {
    expect(await log({ timestamps: true, tailLines: 1 })).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 3\n$/);
  });

  it('follow what comes until the client has enough', async () => {
    const following = await open({ kind: 'logs', options: { ...logOptions, follow: true, tailLines: 0 } });
    const writer = await open({ kind: 'exec', options: { ...execOptions, command: ['sh', '-c', 'echo more > /proc/1/fd/1'] } });
    expect(await writer.stream.closed).toEqual({ exitCode: 0 });
    await eventually(() => following.output(channels.stdout) === 'more\n');
    following.stream.close({});
  });

  it('are refused where there are none', async () => {
    expect((await open({ kind: 'logs', options: logOptions }, { container: 'other' })).reply).toEqual({ error: { code: 400, message: 'container "other" in pod "web-0" is waiting to start: ContainerCreating' } });
    expect((await open({ kind: 'logs', options: logOptions }, { uid: 'gone', pod: 'gone' })).reply).toEqual({ error: { code: 404, message: 'pod "gone" not found' } });
  });
});

describe('exec', () => {
  const exec = (options: Partial<ExecOptions>) => open({ kind: 'exec', options: { ...execOptions, ...options } });

  it('gives output, errors and the exit code', async () => {
    const { stream, output } = await exec({ command: ['sh', '-c', 'echo out; echo err >&2; exit 7'] });
    expect(await stream.closed).toEqual({ exitCode: 7 });
    expect([output(channels.stdout), output(channels.stderr)]).toEqual(['out\n', 'err\n']);
  });

  it('passes input on, and its end', async () => {
    const { stream, output } = await exec({ command: ['sh', '-c', 'cat; echo done'], stdin: true });
    await stream.write(channels.stdin, Buffer.from('hello\n'));
    stream.end(channels.stdin);
    expect(await stream.closed).toEqual({ exitCode: 0 });
    expect(output(channels.stdout)).toBe('hello\ndone\n');
  });

  it('carries more than fits a window, whole', async () => {
    const { stream, output } = await exec({ command: ['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x'] });
    expect(await stream.closed).toEqual({ exitCode: 0 });
    expect(output(channels.stdout)).toHaveLength(3_000_000);
  });

  it('resizes a terminal', async () => {
    const { stream, output } = await exec({ command: ['sh', '-c', 'read line; stty size'], stdin: true, tty: true });
    stream.resize(120, 40);
    await eventually(async () => {
      const probe = await exec({ command: ['sh', '-c', 'for t in /dev/pts/[0-9]*; do stty size < $t; done'] });
      await probe.stream.closed;
      return probe.output(channels.stdout).includes('40 120');
    });
    await stream.write(channels.stdin, Buffer.from('\n'));
    expect(await stream.closed).toEqual({ exitCode: 0 });
    expect(output(channels.stdout)).toContain('40 120');
  });

  it('tells what cannot be run', async () => {
    const { stream, output, reply } = await exec({ command: ['/no/such/program'] });
    expect(reply).toEqual({});
    const { exitCode } = await stream.closed;
    expect([126, 127]).toContain(exitCode);
    expect(output(channels.stdout) + output(channels.stderr)).toContain('/no/such/program');
  });

  it('is refused where nothing runs', async () => {
    expect((await open({ kind: 'exec', options: { ...execOptions, command: ['true'] } }, { container: 'other' })).reply).toEqual({ error: { code: 500, message: 'container not found ("other")' } });
  });

  it('has a limit of how many there are at once', async () => {
    const opened = await Promise.all(Array.from({ length: 34 }, () => exec({ command: ['sleep', '30'] })));
    const refused = opened.filter(({ reply }) => reply.error !== undefined);
    expect(refused.map(({ reply }) => reply.error?.code)).toEqual([503, 503]);
    for (const { stream } of opened) stream.close({});
    await eventually(async () => {
      const { reply, stream } = await exec({ command: ['true'] });
      stream.close({});
      return reply.error === undefined;
    });
  });
});

describe('connections', () => {
  const openPort = (kind: 'port' | 'node', port: number) => open({ kind, options: { port } });

  it('reach a port, with half-close both ways', async () => {
    const echo = createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('data', (data) => { text += data.toString(); });
      socket.on('end', () => socket.end(text.toUpperCase()));
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    const { port } = echo.address() as AddressInfo;
    for (const kind of ['port', 'node'] as const) {
      const { stream, reply, output } = await openPort(kind, port);
      expect(reply).toEqual({});
      await stream.write(channels.stdin, Buffer.from('shout'));
      stream.end(channels.stdin);
      expect(await stream.closed).toEqual({});
      expect(output(channels.stdout)).toBe('SHOUT');
    }
    echo.close();
  });

  it('say why there is none', async () => {
    expect((await openPort('port', 1)).reply).toEqual({ error: { code: 500, message: 'dial tcp 127.0.0.1:1: connect: connection refused' } });
  });

  describe('to the loopback address of a pod', () => {
    const openLoopback = (port: number, target: Partial<StreamRequest> = { pod: 'inner', uid: innerUid }) => open({ kind: 'port', options: { port, loopback: true } }, target);

    it('are whole, with half-close both ways', async () => {
      for (let round = 0; round < 3; round++) {
        // Between two connections nobody listens for a moment.
        const { stream, output } = await eventually(async () => {
          const opened = await openLoopback(7);
          expect(opened.reply).toEqual({});
          return opened;
        });
        await eventually(() => output(channels.stdout) === 'hi\n');
        await stream.write(channels.stdin, Buffer.from('shout'));
        stream.end(channels.stdin);
        expect(await stream.closed).toEqual({});
        expect(output(channels.stdout)).toBe('hi\nSHOUT');
      }
    });

    it('say why there is none', async () => {
      expect((await openLoopback(1)).reply).toEqual({ error: { code: 500, message: 'dial tcp4 127.0.0.1:1: connect: connection refused' } });
      expect((await openLoopback(1, {})).reply).toEqual({ error: { code: 500, message: 'dial tcp 127.0.0.1:1: connect: connection refused' } });
      await expect(loopback.dial('no-such-sandbox', 7)).rejects.toThrow(/no-such-sandbox/);
    });

    it('wait for one another where they are to very many pods', async () => {
      const dialer = new LoopbackDialer({ program, processOf: () => runtime.sandboxProcess(innerSandbox), clock: systemClock });
      const results = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => dialer.dial(`pod-${index}`, 1)));
      expect(results.map((result) => (result.status === 'rejected' ? (result.reason as Error).message : 'open'))).toEqual(results.map(() => 'dial tcp4 127.0.0.1:1: connect: connection refused'));
      dialer.stop();
    });

    it('live on without the process that dialed them', async () => {
      const socket = await eventually(() => loopback.dial(innerSandbox, 7));
      loopback.stop();
      let text = '';
      socket.on('data', (data: Buffer) => { text += data.toString(); });
      socket.end('still');
      await eventually(() => text === 'hi\nSTILL');
      await expect(loopback.dial(innerSandbox, 7)).rejects.toThrow('the agent is stopping');
    });
  });

  it('speak to the board itself as to a kubelet', async () => {
    const { stream, output } = await openPort('node', 10_250);
    await stream.write(channels.stdin, Buffer.from('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
    await stream.closed;
    expect(output(channels.stdout)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\nok/);
  });
});

describe('attach', () => {
  it('shows what the container writes, until it ends', async () => {
    const { stream, reply, output } = await open({ kind: 'attach', options: { stdin: false, stdout: true, stderr: true } });
    expect(reply).toEqual({});
    await (await open({ kind: 'exec', options: { ...execOptions, command: ['sh', '-c', 'echo seen > /proc/1/fd/1'] } })).stream.closed;
    await eventually(() => output(channels.stdout) === 'seen\n');
    stream.close({});
    expect((await open({ kind: 'attach', options: { stdin: false, stdout: true, stderr: true } }, { container: 'other' })).reply).toEqual({ error: { code: 500, message: 'container other not found in pod web-0_shop' } });
  });

  it('is refused, not kept waiting, where the container has just ended', async () => {
    const id = (await runtime.getPod({ uid, namespace: 'shop', name: 'web-0' })).containers.find(({ attempt }) => attempt === 0)!.id;
    for (const tty of [false, true]) await expect(runtime.attach(id, { stdin: true, tty })).rejects.toThrow('the container has ended');
  });
});
