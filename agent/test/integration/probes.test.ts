import { execFileSync } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { Container, Probe } from '../../../api/core.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { freePort } from '../../../machinery/testing/nats-daemon.ts';
import type { ContainerRuntime, ExecSession } from '../../container-runtime/container-runtime.ts';
import { HookRunner } from '../../prober/hook-runner.ts';
import { NetworkProber } from '../../prober/prober.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An engine whose commands print `output` and end with `exitCode`, or never. */
function fakeExec(output: string, exitCode: number | 'hangs'): Pick<ContainerRuntime, 'exec'> & { closed: () => number } {
  let closed = 0;
  return {
    closed: () => closed,
    exec: async (): Promise<ExecSession> => {
      const stdout = new PassThrough();
      stdout.end(output);
      return {
        stdout, stderr: new PassThrough(),
        resize: async () => {},
        wait: () => (exitCode === 'hangs' ? new Promise<number>(() => {}) : new Promise((resolve) => stdout.once('end', () => resolve(exitCode)))),
        close: () => { closed++; },
      };
    },
  };
}

const target = (container: Partial<Container> = {}) => ({ pod: { metadata: { name: 'web-0', namespace: 'shop', uid: 'u' } }, container: { name: 'main', ...container }, containerId: 'c', address: '127.0.0.1', startedAt: 0 });

function run(spec: Probe, container: Partial<Container> = {}, runtime = fakeExec('', 0)) {
  return new NetworkProber({ runtime, clock: systemClock }).probe(spec, target(container), new AbortController().signal);
}

async function serve(listener: RequestListener): Promise<number> {
  return listen(createHttpServer(listener));
}

async function listen(server: Pick<Server, 'listen' | 'address' | 'close' | 'once'>): Promise<number> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', () => resolve()); });
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('an httpGet probe', () => {
  it('sends what the kubelet sends and succeeds below 400', async () => {
    const seen: unknown[] = [];
    const port = await serve((request, response) => {
      seen.push([request.url, request.headers['user-agent'], request.headers['accept'], request.headers['host'], request.headers['x-probe']]);
      response.end('fine');
    });
    const httpHeaders = [{ name: 'X-Probe', value: 'yes' }, { name: 'Host', value: 'example.com' }];
    expect(await run({ httpGet: { port: 'web', path: '/healthz?full=1', httpHeaders } }, { ports: [{ name: 'web', containerPort: port }] })).toEqual({ verdict: 'success', output: 'fine' });
    expect(seen).toEqual([['/healthz?full=1', 'kube-probe/1.36', '*/*', 'example.com', 'yes']]);
  });

  it('fails with the status code', async () => {
    const port = await serve((_request, response) => response.writeHead(503).end());
    expect(await run({ httpGet: { port } })).toEqual({ verdict: 'failure', output: 'HTTP probe failed with statuscode: 503' });
  });

  it('follows redirects on the same host and warns of others', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/there' }).end();
      else if (request.url === '/away') response.writeHead(302, { location: 'http://example.com/' }).end('moved');
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else response.end('arrived');
    });
    expect(await run({ httpGet: { port } })).toEqual({ verdict: 'success', output: 'arrived' });
    expect(await run({ httpGet: { port, path: '/away' } })).toEqual({ verdict: 'warning', output: 'Probe terminated redirects, Response body: moved' });
    expect((await run({ httpGet: { port, path: '/loop' } })).output).toContain('stopped after 10 redirects');
  });

  it('reads no more than 10 KiB', async () => {
    const port = await serve((_request, response) => response.end('x'.repeat(1_000_000)));
    expect((await run({ httpGet: { port } })).output).toHaveLength(10 * 1024);
  });

  it('ends at its timeout', async () => {
    const port = await serve(() => {});
    expect(await run({ httpGet: { port, path: '/slow' }, timeoutSeconds: 1 })).toEqual({
      verdict: 'failure', output: `Get "http://127.0.0.1:${port}/slow": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
  });

  it('says that nobody listens', async () => {
    const port = await freePort();
    expect(await run({ httpGet: { port, path: '/' } })).toEqual({ verdict: 'failure', output: `Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused` });
  });

  it('takes answers of small servers that end their lines with LF', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\nContent-Type: text/plain\n\nfine'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    expect(await run({ httpGet: { port: (server.address() as AddressInfo).port } })).toMatchObject({ verdict: 'success', output: 'fine' });
  });

  it('takes any certificate', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'bramble-probe-'));
    closers.push(() => rmSync(directory, { recursive: true }));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=x', '-keyout', join(directory, 'key'), '-out', join(directory, 'crt')], { stdio: 'ignore' });
    const port = await listen(createHttpsServer({ key: readFileSync(join(directory, 'key')), cert: readFileSync(join(directory, 'crt')) }, (_request, response) => response.end('secret')));
    expect(await run({ httpGet: { port, scheme: 'HTTPS' } })).toEqual({ verdict: 'success', output: 'secret' });
  });

  it('cannot be made for a port that the container does not have', async () => {
    await expect(run({ httpGet: { port: 'nope' } })).rejects.toThrow('port nope not found');
  });
});

describe('a tcpSocket probe', () => {
  it('succeeds when connected, and says why not', async () => {
    const port = await listen(createTcpServer() as unknown as Server);
    expect((await run({ tcpSocket: { port } })).verdict).toBe('success');
    const closed = await freePort();
    expect(await run({ tcpSocket: { port: closed } })).toEqual({ verdict: 'failure', output: `dial tcp 127.0.0.1:${closed}: connect: connection refused` });
  });
});

describe('a grpc probe', () => {
  async function health(answer: { status?: number; grpcStatus?: string; hang?: boolean }): Promise<{ port: number; asked: Buffer[] }> {
    const asked: Buffer[] = [];
    const server = createHttp2Server();
    server.on('stream', (stream, headers) => {
      expect(headers[':path']).toBe('/grpc.health.v1.Health/Check');
      stream.on('data', (chunk: Buffer) => asked.push(chunk));
      if (answer.hang) return;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': answer.grpcStatus ?? '0' }));
      stream.end(answer.status === undefined ? Buffer.alloc(0) : Buffer.from([0, 0, 0, 0, 2, 8, answer.status]));
    });
    return { port: await listen(server as unknown as Server), asked };
  }

  it('asks for the service and succeeds when it is serving', async () => {
    const { port, asked } = await health({ status: 1 });
    expect(await run({ grpc: { port, service: 'web' } })).toEqual({ verdict: 'success', output: 'service healthy' });
    expect(Buffer.concat(asked)).toEqual(Buffer.from([0, 0, 0, 0, 5, 0x0a, 3, ...Buffer.from('web')]));
  });

  it('fails otherwise, in the kubelet\'s words', async () => {
    expect((await run({ grpc: { port: (await health({ status: 2 })).port } })).output).toBe('service unhealthy (responded with "NOT_SERVING")');
    expect((await run({ grpc: { port: (await health({ grpcStatus: '12' })).port } })).output).toContain('this server does not implement the grpc health protocol');
    expect((await run({ grpc: { port: (await health({ hang: true })).port }, timeoutSeconds: 1 })).output).toBe('timeout: health rpc did not complete within 1s');
    const closed = await freePort();
    expect((await run({ grpc: { port: closed } })).output).toContain(`error: failed to connect service at "127.0.0.1:${closed}"`);
  });
});

describe('an exec probe', () => {
  it('goes by the exit code and keeps the output', async () => {
    expect(await run({ exec: { command: ['check'] } }, {}, fakeExec('ok', 0))).toEqual({ verdict: 'success', output: 'ok' });
    expect(await run({ exec: { command: ['check'] } }, {}, fakeExec('cat: can\'t open', 1))).toEqual({ verdict: 'failure', output: 'cat: can\'t open' });
  });

  it('ends at its timeout and lets go of the command', async () => {
    const runtime = fakeExec('', 'hangs');
    expect(await run({ exec: { command: ['sleep', '10'] }, timeoutSeconds: 1 }, {}, runtime)).toEqual({ verdict: 'failure', output: 'command "sleep 10" timed out' });
    expect(runtime.closed()).toBe(1);
  });

  it('cannot be made when the engine refuses', async () => {
    await expect(run({ exec: { command: ['check'] } }, {}, { closed: () => 0, exec: async () => { throw new Error('no such container'); } })).rejects.toThrow('no such container');
  });
});

describe('hooks', () => {
  const signal = new AbortController().signal;

  it('run commands and tell why one failed', async () => {
    const run = (runtime: Pick<ContainerRuntime, 'exec'>) => new HookRunner({ runtime, clock: systemClock }).run({ exec: { command: ['/bin/warm', 'up'] } }, target(), signal);
    await expect(run(fakeExec('', 0))).resolves.toBeUndefined();
    await expect(run(fakeExec('cold', 3))).rejects.toThrow('Exec lifecycle hook ([/bin/warm up]) for Container "main" in Pod "web-0_shop(u)" failed - error: command \'/bin/warm up\' exited with 3: cold, message: "cold"');
  });

  it('ask over HTTP, whatever the answer', async () => {
    const agents: unknown[] = [];
    const port = await serve((request, response) => {
      agents.push(request.headers['user-agent']);
      response.writeHead(500).end();
    });
    const hooks = new HookRunner({ runtime: fakeExec('', 0), clock: systemClock });
    await hooks.run({ httpGet: { port, path: '/stop' } }, target(), signal);
    expect(agents).toEqual(['kube-lifecycle/1.36']);
    const closed = await freePort();
    await expect(hooks.run({ httpGet: { port: closed } }, target(), signal)).rejects.toThrow('connection refused');
  });

  it('sleep until told to stop', async () => {
    const stop = new AbortController();
    const sleeping = new HookRunner({ runtime: fakeExec('', 0), clock: systemClock }).run({ sleep: { seconds: 60 } }, target(), stop.signal);
    stop.abort(new Error('grace period is over'));
    await expect(sleeping).rejects.toThrow('grace period is over');
  });
});
