/** Real sockets on loopback addresses: what a client of a Service sees. */
import { execFile } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import type { ServedPort } from '../../service-guard.ts';
import type { Backend, Portal } from '../../service-plan.ts';
import { Proxier } from '../../userspace/proxier.ts';

const run = promisify(execFile);
const serviceIP = '127.19.0.5';
let proxier: Proxier;
const servers: Server[] = [];
const udpServers: UdpSocket[] = [];

let served: ServedPort[];

beforeEach(() => {
  served = [];
  proxier = new Proxier({ clock: systemClock, logger: silentLogger, onServed: (ports) => { served = [...ports]; return Promise.resolve(); } });
});
afterEach(async () => {
  await proxier.stop();
  for (const server of servers.splice(0)) server.close();
  for (const server of udpServers.splice(0)) server.close();
});

function serve(onConnection: (socket: Socket) => void): Promise<Backend> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  servers.push(server);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ ip: '127.0.0.1', port: (server.address() as AddressInfo).port })));
}

/** A backend that says its name and hangs up. */
const named = (name: string): Promise<Backend> => serve((socket) => socket.end(name));

async function freePort(): Promise<number> {
  const { port } = await serve((socket) => socket.destroy());
  await new Promise((resolve) => servers.pop()!.close(resolve));
  return port;
}

function portal(port: number, backends: Backend[], more: Partial<Portal> = {}): Portal {
  return { key: `tcp ${serviceIP}:${port}`, service: 'default/web:80', protocol: 'TCP', listener: { ip: serviceIP, port }, backends, affinitySeconds: undefined, ...more };
}

function talk(port: number, send = '', host = serviceIP): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.end(send);
  });
}

describe('TCP', () => {
  it('reaches the backends in turn and follows changes without closing its listener', async () => {
    const [a, b, c] = [await named('a'), await named('b'), await named('c')];
    const port = await freePort();
    await proxier.reconcile([portal(port, [a, b])]);
    expect([await talk(port), await talk(port), await talk(port)]).toEqual(['a', 'b', 'a']);
    await proxier.reconcile([portal(port, [c])]);
    expect([await talk(port), await talk(port)]).toEqual(['c', 'c']);
  });

  it('passes over a backend that refuses', async () => {
    const dead = { ip: '127.0.0.1', port: await freePort() };
    const alive = await named('alive');
    const port = await freePort();
    await proxier.reconcile([portal(port, [dead, alive])]);
    for (let attempt = 0; attempt < 6; attempt++) expect(await talk(port)).toBe('alive');
  });

  it('resets a client when every backend refuses', async () => {
    const port = await freePort();
    await proxier.reconcile([portal(port, [{ ip: '127.0.0.1', port: await freePort() }])]);
    await expect(talk(port)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses connections once a Service has no endpoints, while open ones live on', async () => {
    let peer: Socket | undefined;
    const backend = await serve((socket) => { peer = socket; socket.write('hello'); });
    const port = await freePort();
    await proxier.reconcile([portal(port, [backend])]);
    const client = connect({ host: serviceIP, port });
    let text = '';
    client.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
    await eventually(() => text === 'hello');
    await proxier.reconcile([]);
    await expect(talk(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    peer!.write(' again');
    await eventually(() => text === 'hello again');
    client.destroy();
  });

  it('carries a half-close: the answer comes after the client has finished sending', async () => {
    const backend = await serve((socket) => {
      let received = 0;
      socket.on('data', (chunk: Buffer) => { received += chunk.length; });
      socket.on('end', () => socket.end(`got ${received}`));
    });
    const port = await freePort();
    await proxier.reconcile([portal(port, [backend])]);
    expect(await talk(port, 'x'.repeat(3_000_000))).toBe('got 3000000');
  });

  it('carries an abort to the other side', async () => {
    let aborted = false;
    const backend = await serve((socket) => {
      socket.resume();
      socket.on('close', () => { aborted = true; });
      socket.write('x');
    });
    const port = await freePort();
    await proxier.reconcile([portal(port, [backend])]);
    const client = connect({ host: serviceIP, port });
    await new Promise((resolve) => client.once('data', resolve));
    client.resetAndDestroy();
    await eventually(() => aborted);
  });

  it('slows a sender down to its reader instead of keeping what is under way in memory', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const backend = await serve((socket) => {
      const fill = (): void => {
        while (sent < 512 * 1024 * 1024) {
          sent += chunk.length;
          if (!socket.write(chunk)) {
            socket.once('drain', fill);
            return;
          }
        }
      };
      fill();
    });
    const port = await freePort();
    await proxier.reconcile([portal(port, [backend])]);
    const client = connect({ host: serviceIP, port });
    await new Promise((resolve) => client.once('readable', resolve));
    let before = -1;
    await eventually(() => {
      const still = sent === before;
      before = sent;
      return still;
    }, { everyMs: 200 });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    client.destroy();
  });

  it('opens a NodePort as soon as the process that had it lets go', async () => {
    const holder = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => holder.listen(port, '0.0.0.0', resolve));
    await proxier.reconcile([portal(port, [await named('a')], { key: `tcp *:${port}`, listener: { ip: undefined, port } })]);
    await new Promise((resolve) => holder.close(resolve));
    await eventually(async () => (await talk(port)) === 'a', { timeoutMs: 5_000 });
  });

  it('tells which Service ports are open, also when one could be opened only later', async () => {
    const holder = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => holder.listen(port, serviceIP, resolve));
    await proxier.reconcile([portal(port, [await named('a')])]);
    // Taken: the Service has another port, to which the guard leads.
    expect(served).toMatchObject([{ ip: serviceIP, port, protocol: 'TCP' }]);
    expect(served[0]!.listensOn).not.toBe(port);
    await new Promise((resolve) => holder.close(resolve));
    // Not an address of this machine yet.
    const late = '203.0.113.201';
    await proxier.reconcile([portal(port, [await named('a')], { key: 'tcp late', listener: { ip: late, port } })]);
    expect(served).toEqual([]);
    await run('ip', ['address', 'add', `${late}/32`, 'dev', 'lo']);
    try {
      await eventually(() => served.length === 1, { timeoutMs: 10_000 });
      expect(served).toEqual([{ protocol: 'TCP', ip: late, port, listensOn: port }]);
    } finally {
      await run('ip', ['address', 'del', `${late}/32`, 'dev', 'lo']);
    }
  });

  it('serves a NodePort on every address', async () => {
    const port = await freePort();
    await proxier.reconcile([portal(port, [await named('a')], { key: `tcp *:${port}`, listener: { ip: undefined, port } })]);
    expect(await talk(port, '', '127.0.0.1')).toBe('a');
    expect(await talk(port, '', '127.19.9.9')).toBe('a');
  });
});

describe('UDP', () => {
  function echo(name: string): Promise<Backend> {
    const socket = createSocket('udp4');
    udpServers.push(socket);
    socket.on('message', (message, from) => socket.send(`${name}:${message.toString()}`, from.port, from.address));
    return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve({ ip: '127.0.0.1', port: socket.address().port })));
  }

  function client(port: number): { say: (text: string) => Promise<string> } {
    const socket = createSocket('udp4');
    udpServers.push(socket);
    return {
      say: (text) => new Promise((resolve) => {
        socket.once('message', (message, from) => {
          expect(from.address).toBe(serviceIP);
          resolve(message.toString());
        });
        socket.send(text, port, serviceIP);
      }),
    };
  }

  it('gives each client a backend in turn, keeps it there, and answers from the Service address', async () => {
    const port = await freePort();
    await proxier.reconcile([portal(port, [await echo('a'), await echo('b')], { key: `udp ${serviceIP}:${port}`, protocol: 'UDP' })]);
    const [one, two] = [client(port), client(port)];
    const names = [(await one.say('1')).split(':')[0], (await two.say('1')).split(':')[0]];
    expect(names.sort()).toEqual(['a', 'b']);
    const again = [await one.say('2'), await two.say('2')];
    expect(again.map((text) => text.split(':')[1])).toEqual(['2', '2']);
  });

  it('survives a backend that cannot be reached at all', async () => {
    const port = await freePort();
    const udp = { key: `udp ${serviceIP}:${port}`, protocol: 'UDP' as const };
    // connect(2) refuses a broadcast address.
    await proxier.reconcile([portal(port, [{ ip: '255.255.255.255', port: 9 }, await echo('a')], udp)]);
    const one = client(port);
    const answer = one.say('1');
    await eventually(async () => {
      void one.say('1');
      return await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 20))]) === 'a:1';
    });
  });

  it('moves a client whose backend is gone', async () => {
    const port = await freePort();
    const [a, b] = [await echo('a'), await echo('b')];
    const udp = { key: `udp ${serviceIP}:${port}`, protocol: 'UDP' as const };
    await proxier.reconcile([portal(port, [a], udp)]);
    const one = client(port);
    expect(await one.say('1')).toBe('a:1');
    await proxier.reconcile([portal(port, [b], udp)]);
    expect(await one.say('2')).toBe('b:2');
  });
});
