/** Connections that the kernel carries to pods that are gone: real bridge, real network namespace, real netfilter rules. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { KernelPath } from '../../kernel/kernel-path.ts';
import { ServiceGuard } from '../../service-guard.ts';
import { ensureServiceRoutes, removeServiceNetwork } from '../../service-routes.ts';

const run = promisify(execFile);
const ip = (...args: string[]): Promise<unknown> => run('ip', args);
const serviceCIDR = '198.19.121.0/24';
const bridge = 'brkernel0';
const namespace = 'brkernel-pod';
const [pod, gone, service] = ['198.18.121.1', '198.18.121.2', '198.19.121.5'];
const kernelPath = new KernelPath({ serviceCIDR, logger: silentLogger });
const guard = new ServiceGuard({ serviceCIDR, clock: systemClock, logger: silentLogger });
let server: ChildProcess;

const carry = (...addresses: string[]): Promise<void> => kernelPath.carry(addresses.length === 0 ? [] : [{
  key: `tcp ${service}:80`, service: 'default/web', protocol: 'TCP', listener: { ip: service, port: 80 },
  backends: addresses.map((address) => ({ ip: address, port: 8080 })), affinitySeconds: undefined,
}]);

/** A connection that the pod has greeted. */
function converse(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: service, port: 80 });
    socket.setTimeout(10_000, () => socket.destroy(new Error('timed out')));
    socket.once('data', () => resolve(socket)).once('error', reject);
  });
}

beforeAll(async () => {
  await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('address', 'add', '198.18.121.254/24', 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
  await ip('netns', 'add', namespace);
  await ip('link', 'add', 'brkernel1', 'master', bridge, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await ip('link', 'set', 'brkernel1', 'up');
  for (const args of [['address', 'add', `${pod}/24`, 'dev', 'eth0'], ['link', 'set', 'eth0', 'up']]) await ip('-n', namespace, ...args);
  // As for half a minute after a pod went: the board still knows where it was, so nothing says that it is unreachable.
  await ip('neighbour', 'add', gone, 'lladdr', '02:00:00:00:00:02', 'dev', bridge, 'nud', 'permanent');
  const program = `require('net').createServer((socket) => socket.on('error', () => {}).write('hello')).listen(8080, '0.0.0.0', () => console.log('listening'))`;
  server = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => server.stdout!.once('data', resolve));
  await ensureServiceRoutes(serviceCIDR);
});

afterAll(async () => {
  server.kill('SIGKILL');
  await kernelPath.carry([]);
  await removeServiceNetwork(serviceCIDR);
  // The namespace goes when its last socket does: its link must not wait for that.
  await ip('link', 'delete', 'brkernel1');
  await ip('netns', 'delete', namespace);
  await ip('link', 'delete', bridge);
});

it('tries the next pod where one does not answer', async () => {
  await carry(pod, gone);
  const started = performance.now();
  const sockets = await Promise.all([converse(), converse(), converse(), converse()]);
  expect(performance.now() - started).toBeLessThan(9_000);
  for (const socket of sockets) socket.destroy();
});

it('tries another way where the Service goes back to the proxy while a pod does not answer', async () => {
  await carry(gone);
  const waiting = converse();
  // The first packet has gone to the pod that is no more.
  await eventually(async () => (await run('ss', ['-Htn', 'state', 'syn-sent', 'dst', service])).stdout.includes(service));
  const portal = createServer((socket) => { socket.on('error', () => undefined).write('from the proxy'); });
  await new Promise<void>((resolve) => portal.listen(80, service, resolve));
  try {
    await carry();
    (await waiting).destroy();
  } finally {
    portal.close();
  }
});

it('resets an open connection whose pod is gone', async () => {
  await carry(pod);
  const socket = await converse();
  const ended = new Promise<string>((resolve) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)));
  expect(kernelPath.severed(new Set([pod]))).toEqual([gone]);
  await ip('link', 'set', 'brkernel1', 'down');
  await carry();
  await guard.sever(kernelPath.severed(new Set()));
  socket.write('are you there?');
  expect(await ended).toBe('ECONNRESET');
});
