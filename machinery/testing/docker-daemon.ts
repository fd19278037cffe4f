/** A Docker engine for tests: the one that is named, or one of our own that leaves nothing behind. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { open, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';

const run = promisify(execFile);

export interface DockerDaemon {
  /** `unix:///path` */
  host: string;
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

/**
 * Uses the engine at BRAMBLE_TEST_DOCKER_HOST when that is set. Otherwise starts `dockerd` with a data directory, an exec
 * directory and a socket of its own; its default bridge and address pool are in 198.19.128.0/17.
 * @throws Error with the end of dockerd's log when it does not come up.
 */
export async function startDockerDaemon(): Promise<DockerDaemon> {
  const given = process.env.BRAMBLE_TEST_DOCKER_HOST;
  if (given) return { host: given, stop: () => Promise.resolve() };
  const directory = await mkdtemp(join(tmpdir(), 'bramble-dockerd-'));
  const socket = join(directory, 'docker.sock');
  const log = join(directory, 'log');
  const output = await open(log, 'a');
  const daemon = spawn('dockerd', [
    '--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec'), '--pidfile', join(directory, 'pid'),
    '--host', `unix://${socket}`, '--bridge', 'none', '--default-address-pool', 'base=198.19.128.0/17,size=24',
  ], { stdio: ['ignore', output.fd, output.fd] });
  const failed = new Promise<never>((_resolve, reject) => { daemon.once('error', reject); });
  failed.catch(() => undefined);
  await output.close();
  const stop = async () => {
    await end(daemon);
    await unmountBelow(directory);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.race([failed, eventually(() => answers(socket, daemon), { timeoutMs: startTimeoutMs, everyMs: 100 })]);
  } catch (error) {
    const text = await readFile(log, 'utf8').catch(() => '');
    await stop();
    throw new Error(`dockerd does not come up: ${text.split('\n').slice(-8).join('\n')}`, { cause: error });
  }
  return { host: `unix://${socket}`, stop };
}

function answers(socketPath: string, daemon: ChildProcess): Promise<boolean> {
  if (daemon.exitCode !== null) throw new Error(`dockerd ended with ${daemon.exitCode}`);
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once('error', () => resolve(false));
    ping.end();
  });
}

/** dockerd leaves the network namespace of host-network containers mounted. */
async function unmountBelow(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const path of mounts.filter((mount) => mount.startsWith(`${directory}/`)).reverse()) await run('umount', ['-l', path]);
}

/** SIGTERM ends its containers too; SIGKILL if it does not obey. */
async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => { daemon.once('exit', () => resolve()); });
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}
