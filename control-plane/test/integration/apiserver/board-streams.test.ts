import type { IncomingHttpHeaders } from 'node:http';
import { get, request } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { newBadRequest, newInternalError } from '../../../../api/errors.ts';
import { nodes, pods } from '../../../../api/resources.ts';
import { channels } from '../../../../machinery/stream.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { BoardRefusal, type AttachOptions, type BoardStreamOpener, type ExecOptions, type LogOptions } from '../../../apiserver/board-streams.ts';
import { FakeBoardStream } from '../../../apiserver/testing/fake-board-stream.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { Kubectl } from './kubectl.ts';

/** A board that a test plays. */
class FakeBoard implements BoardStreamOpener {
  readonly logs: { container: string; options: LogOptions }[] = [];
  readonly execs: { container: string; options: ExecOptions }[] = [];
  readonly attaches: { container: string; options: AttachOptions }[] = [];
  readonly ports: number[] = [];
  readonly nodes: string[] = [];
  stream = new FakeBoardStream();
  refusal: Error | undefined;

  openLogs(_pod: unknown, container: string, options: LogOptions): Promise<FakeBoardStream> {
    this.logs.push({ container, options });
    return this.answer();
  }

  openExec(_pod: unknown, container: string, options: ExecOptions): Promise<FakeBoardStream> {
    this.execs.push({ container, options });
    return this.answer();
  }

  openAttach(_pod: unknown, container: string, options: AttachOptions): Promise<FakeBoardStream> {
    this.attaches.push({ container, options });
    return this.answer();
  }

  openPort(_pod: unknown, port: number): Promise<FakeBoardStream> {
    this.ports.push(port);
    return this.answer();
  }

  openLoopback(_pod: unknown, port: number): Promise<FakeBoardStream> {
    return this.openPort(_pod, port);
  }

  openNode(node: string, port: number): Promise<FakeBoardStream> {
    this.nodes.push(`${node}:${port}`);
    return this.answer();
  }

  private answer(): Promise<FakeBoardStream> {
    return this.refusal ? Promise.reject(this.refusal) : Promise.resolve(this.stream);
  }
}

let server: StartedApiServer;
let board: FakeBoard;
let kubectl: Kubectl;
const context = { user: { name: 'test', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };

beforeEach(async () => {
  board = new FakeBoard();
  server = await startApiServer({ boardStreams: board });
  kubectl = new Kubectl(server.kubeconfig, server.directory);
  await server.registry.of(nodes).create(context, undefined, { metadata: { name: 'pi-1' } });
  for (const [name, nodeName] of [['web', 'pi-1'], ['waiting', undefined]] as const) {
    await server.registry.of(pods).create(context, 'default', {
      metadata: { name }, spec: { containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'i' }], ...(nodeName ? { nodeName } : {}) },
    });
  }
});
afterEach(() => server.stop());

const admin = () => ({ ca: server.pki.ca, cert: server.pki.admin.certificate, key: server.pki.admin.key });

describe('logs', () => {
  /** @returns its messages but the first, which is empty, and the code of its close. */
  const readSocket = (query: string, protocols: string[], tls: object = admin()) => new Promise<{ protocol: string; messages: (string | Buffer)[]; code: number }>((resolve, reject) => {
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/web/log?${query}`, protocols, tls);
    const messages: (string | Buffer)[] = [];
    socket.on('message', (data: Buffer, binary) => messages.push(binary ? data : data.toString()));
    socket.on('unexpected-response', (_request, response) => reject(new Error(`refused with ${response.statusCode}`)));
    socket.on('error', reject);
    socket.on('close', (code) => resolve({ protocol: socket.protocol, messages, code }));
  });

  it.each<[string, string[], (string | Buffer)[]]>([
    ['', [], [Buffer.alloc(0), Buffer.from('one\n'), Buffer.from('two\n')]],
    ['binary.k8s.io', ['binary.k8s.io'], [Buffer.alloc(0), Buffer.from('one\n'), Buffer.from('two\n')]],
    ['base64.binary.k8s.io', ['other', 'base64.binary.k8s.io'], ['', Buffer.from('one\n').toString('base64'), Buffer.from('two\n').toString('base64')]],
  ])('come over a WebSocket too: %s', async (protocol, offered, messages) => {
    const reading = readSocket('container=b&tailLines=3', offered);
    await eventually(() => board.logs.length === 1);
    expect(board.logs).toMatchObject([{ container: 'b', options: { tailLines: 3 } }]);
    await board.stream.emit(channels.stdout, 'one\n');
    await board.stream.emit(channels.stderr, 'two\n');
    board.stream.exit({});
    expect(await reading).toEqual({ protocol, messages, code: 1000 });
  });

  it('refuse a WebSocket before its handshake', async () => {
    await expect(readSocket('container=x', [])).rejects.toThrow('refused with 400');
    await expect(readSocket('container=b', ['v4.channel.k8s.io'])).rejects.toThrow('refused with 400');
    await expect(readSocket('container=b', [], { ca: server.pki.ca })).rejects.toThrow('refused with 403');
    expect(board.logs).toEqual([]);
  });

  it('over a WebSocket end for the board when the client leaves', async () => {
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/web/log?container=b&follow=true`, admin());
    await eventually(() => board.logs.length === 1);
    socket.terminate();
    await board.stream.closed;
  });

  it('passes the options on and what the board sends back', async () => {
    const reading = kubectl.ok(['logs', 'web', '-c', 'b', '--tail=3', '--since=1h', '--timestamps', '--limit-bytes=1000']);
    await board.stream.emit(channels.stdout, 'one\n');
    await board.stream.emit(channels.stderr, 'two\n');
    board.stream.exit({});
    expect(await reading).toBe('one\ntwo\n');
    expect(board.logs).toEqual([{ container: 'b', options: { follow: false, previous: false, timestamps: true, tailLines: 3, sinceSeconds: 3600, limitBytes: 1000 } }]);
  });

  it('follows until the reader goes, and then lets the board know', async () => {
    const child = kubectl.start(['logs', '-f', 'web', '-c', 'a']);
    let output = '';
    child.stdout.on('data', (data: Buffer) => { output += data.toString(); });
    await board.stream.emit(channels.stdout, 'one\n');
    await eventually(() => output === 'one\n');
    await board.stream.emit(channels.stdout, 'two\n');
    await eventually(() => output === 'one\ntwo\n');
    child.kill();
    await eventually(() => board.stream.closedByServer);
  });

  it('makes the board wait for a reader that does not read', async () => {
    const response = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      get(`${server.url}/api/v1/namespaces/default/pods/web/log?container=a&follow=true`, { ...admin(), agent: false }, resolve).on('error', reject);
    });
    let taken = 0;
    const chunk = Buffer.alloc(256 * 1024, 0x61);
    const writing = (async () => {
      for (let index = 0; index < 400; index++) {
        await board.stream.emit(channels.stdout, chunk);
        taken += 1;
      }
    })();
    let before = -1;
    await eventually(() => {
      const stuck = taken > 0 && taken === before;
      before = taken;
      return stuck;
    }, { everyMs: 300 });
    expect(taken).toBeLessThan(400);
    response.resume();
    await writing;
  });

  it.each([
    [['web'], /a container name must be specified for pod web, choose one of: \[a b\]|Defaulted container "a"/],
    [['web', '-c', 'z'], /container z is not valid for pod web/],
    [['none'], /pods "none" not found/],
  ])('kubectl logs %j', async (args, message) => {
    board.stream.exit({});
    const { stderr } = await kubectl.run(['logs', ...args]);
    expect(stderr).toMatch(message);
  });

  it('has nothing of a pod without a node, and says what the board says', async () => {
    expect(await kubectl.ok(['logs', 'waiting', '-c', 'a'])).toBe('');
    board.refusal = newBadRequest('container "a" in pod "web" is waiting to start: ContainerCreating');
    expect((await kubectl.run(['logs', 'web', '-c', 'a'])).stderr).toContain('container "a" in pod "web" is waiting to start: ContainerCreating');
  });
});

/** `false`: kubectl speaks SPDY. */
const overWebSockets = (value: string) => new Kubectl(server.kubeconfig, server.directory, { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: value });

interface Message {
  channel: number;
  text: string;
}

/** Opens a command and collects what comes. */
function open(query: string, protocol: string | string[]): { socket: WebSocket; messages: Message[]; closed: Promise<number> } {
  const socket = new WebSocket(`${server.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/web/exec?container=a&command=sh&${query}`, protocol, admin());
  const messages: Message[] = [];
  socket.on('message', (raw: Buffer) => messages.push({ channel: raw[0]!, text: raw.toString('utf8', 1) }));
  const closed = new Promise<number>((resolve, reject) => {
    socket.on('close', (code) => resolve(code));
    socket.on('error', reject);
  });
  return { socket, messages, closed };
}

describe('exec', () => {
  it('carries input, output, sizes and the end of input both ways', async () => {
    const { socket, messages, closed } = open('stdin=true&stdout=true&stderr=true', ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    await new Promise((resolve) => socket.once('open', resolve));
    expect(socket.protocol).toBe('v5.channel.k8s.io');
    socket.send(Buffer.from('\x00hello'));
    socket.send(Buffer.from('\x04{"Width":80,"Height":24}'));
    socket.send(Buffer.from([255, 0]));
    await eventually(() => board.stream.ended.length === 1);
    expect(board.stream.written).toEqual([{ channel: 0, text: 'hello' }]);
    expect(board.stream.sizes).toEqual([{ width: 80, height: 24 }]);
    await board.stream.emit(channels.stdout, 'out');
    await board.stream.emit(channels.stderr, 'err');
    board.stream.exit({ exitCode: 0 });
    expect(await closed).toBe(1000);
    expect(messages).toEqual([{ channel: 1, text: '' }, { channel: 1, text: 'out' }, { channel: 2, text: 'err' }, { channel: 3, text: '{"metadata":{},"status":"Success"}' }]);
    expect(board.execs).toEqual([{ container: 'a', options: { command: ['sh'], tty: false, stdin: true, stdout: true, stderr: true } }]);
  });

  it('has one output with a terminal, and says what went wrong', async () => {
    board.refusal = newBadRequest('container not found ("a")');
    const { messages, closed } = open('stdin=true&stdout=true&stderr=true&tty=true', 'v4.channel.k8s.io');
    await closed;
    expect(board.execs[0]?.options).toMatchObject({ tty: true, stderr: false });
    expect(JSON.parse(messages.at(-1)!.text)).toMatchObject({ status: 'Failure', code: 400, message: 'container not found ("a")' });
  });

  it('ends the command when the client goes', async () => {
    const { socket } = open('stdin=true&stdout=true', 'v5.channel.k8s.io');
    await eventually(() => board.execs.length === 1);
    socket.terminate();
    await eventually(() => board.stream.closedByServer);
    await eventually(() => server.longRunning() === 0);
  });

  it.each([
    ['/api/v1/namespaces/default/pods/none/exec?command=sh&container=a', 404],
    ['/api/v1/namespaces/default/pods/waiting/exec?command=sh&container=a', 400],
    ['/api/v1/namespaces/default/pods/web/exec?container=a', 400],
    ['/api/v1/namespaces/default/pods/web/log', 400],
    ['/api/v1/namespaces/default/configmaps/web', 404],
    ['/api/v1/namespaces/default/pods/%zz/exec', 400],
  ])('refuses %s', async (path, code) => {
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}${path}`, 'v5.channel.k8s.io', admin());
    await expect(new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))).rejects.toThrow(`Unexpected server response: ${code}`);
  });

  it('refuses strangers', async () => {
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}/api/v1/namespaces/default/pods/web/exec?command=sh&container=a`, 'v5.channel.k8s.io', { ca: server.pki.ca });
    await expect(new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))).rejects.toThrow('Unexpected server response: 403');
  });

  it.each(['true', 'false'])('gives kubectl the output and the exit code (WebSockets: %s)', async (webSockets) => {
    const running = overWebSockets(webSockets).run(['exec', '-i', 'web', '-c', 'a', '--', 'cat', '-v'], 'input');
    await eventually(() => board.stream.ended.length > 0);
    await board.stream.emit(channels.stdout, 'output');
    board.stream.exit({ exitCode: 42 });
    expect(await running).toMatchObject({ code: 42, stdout: 'output', stderr: 'command terminated with exit code 42\n' });
    expect(board.stream.written[0]).toEqual({ channel: 0, text: 'input' });
    expect(board.execs[0]?.options.command).toEqual(['cat', '-v']);
  });

  it('tells kubectl over SPDY why there is no command, in the board\'s words', async () => {
    board.refusal = new BoardRefusal(newInternalError('x').status);
    board.refusal.message = 'container not found ("a")';
    const { stderr } = await overWebSockets('false').run(['exec', 'web', '-c', 'a', '--', 'true']);
    expect(stderr).toContain('unable to upgrade connection: container not found ("a")');
  });
});

/** The head of the answer to an upgrade to SPDY. */
function upgrade(path: string, headers: Record<string, string>): Promise<{ code: number | undefined; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(`${server.url}/api/v1/namespaces/default/pods/web/${path}`, { ...admin(), agent: false, method: 'POST', headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', ...headers } });
    call.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ code: response.statusCode, headers: response.headers, text: '' });
    });
    call.on('response', (response) => {
      let text = '';
      response.on('data', (data: Buffer) => { text += data.toString(); });
      response.on('end', () => resolve({ code: response.statusCode, headers: response.headers, text }));
    });
    call.on('error', reject);
    call.end();
  });
}

describe('the upgrade to SPDY', () => {
  it('takes the first protocol of the client that is known', async () => {
    const { code, headers } = await upgrade('exec?container=a&command=sh&stdout=true', { 'x-stream-protocol-version': 'v9.channel.k8s.io, v4.channel.k8s.io, v3.channel.k8s.io' });
    expect(code).toBe(101);
    expect(headers).toMatchObject({ 'upgrade': 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' });
    expect((await upgrade('portforward', { 'x-stream-protocol-version': 'portforward.k8s.io' })).code).toBe(101);
  });

  it.each([
    ['no protocol', {}, 400, /X-Stream-Protocol-Version is required/],
    ['none that is known', { 'x-stream-protocol-version': 'v9.channel.k8s.io' }, 403, /unable to negotiate protocol: client supports \[v9\.channel\.k8s\.io\], server accepts \[v5\.channel/],
    ['another version of SPDY', { upgrade: 'SPDY/2' }, 400, /missing upgrade headers/],
  ])('is refused with %s', async (_what, headers, code, text) => {
    const answer = await upgrade('exec?container=a&command=sh', headers);
    expect(answer.code).toBe(code);
    expect(answer.text).toMatch(text);
    expect(board.execs).toEqual([]);
  });
});

describe('attach', () => {
  it.each(['true', 'false'])('joins kubectl and the container (WebSockets: %s)', async (webSockets) => {
    await server.registry.of(pods).update(context, { name: 'web', namespace: 'default', subresource: 'status', change: (pod) => ({ ...pod, status: { ...pod.status, phase: 'Running' } }) });
    const running = overWebSockets(webSockets).run(['attach', '-i', 'web', '-c', 'a'], 'typed');
    await eventually(() => board.stream.ended.length > 0);
    await board.stream.emit(channels.stdout, 'seen');
    board.stream.exit({});
    expect(await running).toMatchObject({ stdout: 'seen' });
    expect(board.stream.written).toEqual([{ channel: 0, text: 'typed' }]);
  });
});
