import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { request } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { nodes, pods } from '../../../../api/resources.ts';
import { channels } from '../../../../machinery/stream.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { FakeBoardStream } from '../../../apiserver/testing/fake-board-stream.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

/** A board's stream to a program of this machine. */
class TcpStream extends FakeBoardStream {
  private readonly socket;

  constructor(port: number) {
    super();
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('error', (error) => this.exit({ error: error.message })).on('close', () => this.exit({}));
    void this.copy();
  }

  override write(_channel: number, data: Uint8Array): Promise<void> {
    return new Promise((resolve) => { this.socket.write(data, () => resolve()); });
  }

  override end(): void { this.socket.end(); }

  override close(result: object): void {
    super.close(result);
    this.socket.destroy();
  }

  private async copy(): Promise<void> {
    try {
      for await (const data of this.socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) await this.emit(channels.stdout, data);
    } catch {
      // Destroyed by the test.
    }
  }
}

const context = { user: { name: 'test', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };
const root = '/api/v1/namespaces/default/pods/web/proxy';
let target: Server;
let server: StartedApiServer;

beforeEach(async () => {
  target = createServer((call, response) => {
    if (call.url === '/moved') {
      response.writeHead(302, { location: '/there' }).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'x-seen': JSON.stringify([call.method, call.url]), 'x-uri': String(call.headers['x-forwarded-uri']), 'x-authorization': String(call.headers.authorization) });
    call.pipe(response);
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  const open = () => Promise.resolve(new TcpStream(port));
  const never = () => Promise.reject(new Error('not of this test'));
  server = await startApiServer({ boardStreams: { openPort: open, openLoopback: never, openNode: open, openLogs: never, openExec: never, openAttach: never } });
  await server.registry.of(nodes).create(context, undefined, { metadata: { name: 'pi-1' } });
  await server.registry.of(pods).create(context, 'default', { metadata: { name: 'web' }, spec: { nodeName: 'pi-1', containers: [{ name: 'a', image: 'i' }] } });
  await server.registry.of(pods).update(context, { name: 'web', namespace: 'default', subresource: 'status', change: (pod) => ({ ...pod, status: { ...pod.status, podIP: '198.18.1.2' } }) });
});

afterEach(async () => {
  await server.stop();
  target.closeAllConnections();
  await new Promise((resolve) => target.close(resolve));
});

const admin = () => ({ ca: server.pki.ca, cert: server.pki.admin.certificate, key: server.pki.admin.key });

function ask(method: string, path: string, body?: Buffer): Promise<{ code: number | undefined; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const call = request(`${server.url}${path}`, { ...admin(), agent: false, method, ...(body ? { headers: { 'content-length': body.length } } : {}) }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => resolve({ code: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) })).on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

describe('a proxied request', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])('%s reaches the pod with its path, query and body', async (method) => {
    const body = method === 'POST' || method === 'PUT' || method === 'PATCH' ? Buffer.from('{"a":1}') : undefined;
    const answer = await ask(method, `${root}/some/path/?a=b%20c`, body);
    expect(answer.code).toBe(200);
    expect(JSON.parse(String(answer.headers['x-seen']))).toEqual([method, '/some/path/?a=b%20c']);
    expect(answer.headers).toMatchObject({ 'x-uri': `${root}/some/path/`, 'x-authorization': 'undefined' });
    expect(answer.body.toString()).toBe(method === 'HEAD' ? '' : body?.toString() ?? '');
  });

  it('may have a body of any size', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'x');
    expect((await ask('POST', `${root}/`, body)).body.equals(body)).toBe(true);
  });

  it('is led back through the proxy, and to the path with a slash', async () => {
    expect((await ask('GET', `${root}/moved`)).headers.location).toBe(`${root}/there`);
    expect(await ask('GET', `${root}?x=y`)).toMatchObject({ code: 301, headers: { location: `${root}/?x=y` } });
    expect((await ask('POST', root, Buffer.from('x'))).headers['x-seen']).toBe('["POST","/"]');
  });

  it('leaves nothing behind', async () => {
    await ask('GET', `${root}/`);
    await eventually(() => server.longRunning() === 0);
  });

  it('that wants a WebSocket gets it', async () => {
    const sockets = new WebSocketServer({ server: target });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    const client = new WebSocket(`${server.url.replace('https', 'wss')}${root}/chat`, admin());
    await new Promise((resolve, reject) => client.on('open', resolve).on('error', reject));
    const answered = new Promise((resolve) => client.once('message', (data: Buffer) => resolve(data.toString())));
    client.send('hello');
    expect(await answered).toBe('hello');
    client.close();
    await eventually(() => server.longRunning() === 0);
  });
});
