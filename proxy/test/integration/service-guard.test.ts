/** Service addresses on a board whose own programs listen on every address: real route, real netfilter rules. */
import { createSocket } from 'node:dgram';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { nft } from '../../nft.ts';
import { ServiceGuard } from '../../service-guard.ts';
import { ensureServiceRoutes, removeServiceNetwork } from '../../service-routes.ts';
import { Proxier } from '../../userspace/proxier.ts';

const serviceCIDR = '198.19.120.0/24';
const guard = new ServiceGuard({ serviceCIDR, clock: systemClock, logger: silentLogger });
const proxier = new Proxier({ clock: systemClock, logger: silentLogger, onServed: (ports) => guard.set('services', ports) });
let backend: Server;
let boardProgram: Server;
let taken: number;

function listen(host: string, says: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).end(says));
  return new Promise((resolve) => server.listen(0, host, () => resolve(server)));
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function talk(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 3_000 });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
    socket.on('end', () => resolve(text));
    socket.on('timeout', () => socket.destroy(new Error('timed out')));
    socket.on('error', reject);
  });
}

beforeAll(async () => {
  backend = await listen('127.0.0.1', 'pod');
  boardProgram = await listen('0.0.0.0', 'board');
  taken = portOf(boardProgram);
  await ensureServiceRoutes(serviceCIDR);
  await proxier.reconcile([
    { key: `tcp 198.19.120.5:${taken}`, service: 'default/web', protocol: 'TCP', listener: { ip: '198.19.120.5', port: taken }, backends: [{ ip: '127.0.0.1', port: portOf(backend) }], affinitySeconds: undefined },
    { key: 'tcp 198.19.120.6:80', service: 'default/free', protocol: 'TCP', listener: { ip: '198.19.120.6', port: 80 }, backends: [{ ip: '127.0.0.1', port: portOf(backend) }], affinitySeconds: undefined },
  ]);
});

afterAll(async () => {
  await proxier.stop();
  guard.stop();
  await removeServiceNetwork(serviceCIDR);
  backend.close();
  boardProgram.close();
});

describe('Service addresses beside programs of the board', () => {
  it('are served on a port that a program of the board has on every address', async () => {
    expect(await talk('198.19.120.5', taken)).toBe('pod');
    expect(await talk('127.0.0.1', taken)).toBe('board');
  });

  it('are served on their own port where it is free', async () => {
    expect(await talk('198.19.120.6', 80)).toBe('pod');
  });

  it('never lead to a program of the board', async () => {
    await expect(talk('198.19.120.6', taken)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(talk('198.19.120.99', taken)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('answer a client of the board whose connection conntrack does not know', async () => {
    // What the client sends is not tracked, so the first answer is what conntrack sees, and takes for something new.
    const table = 'bramble-guard-test';
    await nft(`table ip ${table} { chain output { type filter hook output priority raw; ip daddr 198.19.120.6 tcp dport 80 notrack; }\n}\n`);
    try {
      expect(await talk('198.19.120.6', 80)).toBe('pod');
    } finally {
      await nft(`delete table ip ${table}`);
    }
  });

  it('refuse UDP that nobody serves at once', async () => {
    const socket = createSocket('udp4');
    const refused = new Promise<string>((resolve) => socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '')));
    await new Promise<void>((resolve) => socket.connect(53, '198.19.120.9', resolve));
    socket.send('x');
    expect(await refused).toBe('ECONNREFUSED');
    socket.close();
  });

  it('are served a moment later where the rules could not be set', async () => {
    const listener = { ip: '198.19.120.7', port: 80 };
    const { PATH: path } = process.env;
    process.env.PATH = '/nowhere';
    try {
      await guard.set('other', [{ protocol: 'TCP', ...listener, listensOn: 80 }]);
    } finally {
      process.env.PATH = path;
    }
    const program = createServer((socket) => socket.end('late'));
    await new Promise<void>((resolve) => program.listen(80, listener.ip, resolve));
    try {
      await eventually(async () => (await talk(listener.ip, 80)) === 'late', { timeoutMs: 10_000 });
    } finally {
      program.close();
      await guard.set('other', []);
    }
  });

  it('are gone after removal, which can be repeated', async () => {
    await removeServiceNetwork(serviceCIDR);
    await removeServiceNetwork(serviceCIDR);
    await ensureServiceRoutes(serviceCIDR);
    expect(await talk('198.19.120.99', taken)).toBe('board');
  });
});
