/** Finds the Docker daemon, or starts one where no init system did. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Clock } from '../../machinery/clock.ts';
import { findExecutable, runCommand } from '../command-runner.ts';
import type { Options } from '../options.ts';
import { dataPaths } from '../paths.ts';
import { endProcess, removeProcessFile, runningProcess, writeProcessFile } from '../process-file.ts';
import { UserError } from '../user-error.ts';

const defaultSocket = '/var/run/docker.sock';

/** The socket of `unix:///path`. */
function socketPath(dockerHost: string): string {
  return dockerHost.replace(/^unix:\/\//, '');
}

function ownDaemon(dataDir: string): { socket: string; processFile: string; pidFile: string; log: string } {
  const { runDir, logDir } = dataPaths(dataDir);
  return { socket: join(runDir, 'docker.sock'), processFile: join(runDir, 'dockerd.json'), pidFile: join(runDir, 'dockerd.pid'), log: join(logDir, 'dockerd.log') };
}

/** @returns the daemon's version, or undefined when nothing answers within two seconds. */
export function dockerVersion(dockerHost: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request({ socketPath: socketPath(dockerHost), path: '/version', timeout: 2_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => { body += chunk; });
      response.on('end', () => {
        try {
          resolve((JSON.parse(body) as { Version?: string }).Version);
        } catch {
          resolve(undefined);
        }
      });
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(undefined));
    call.end();
  });
}

/** The daemon to use when nothing has to be started: the one named, the one bramble started, the machine's. */
export async function findDocker(options: Options): Promise<{ host: string; version: string } | undefined> {
  const own = `unix://${ownDaemon(options.dataDir).socket}`;
  const candidates = options.dockerHost === undefined ? [own, `unix://${defaultSocket}`] : [options.dockerHost];
  for (const host of candidates) {
    if (!existsSync(socketPath(host))) continue;
    const version = await dockerVersion(host);
    if (version !== undefined) return { host, version };
  }
  return undefined;
}

/** @throws UserError when none answers and none can be started. */
export async function ensureDocker(options: Options, clock: Clock): Promise<{ host: string; version: string; started: boolean }> {
  const found = await findDocker(options);
  if (found) return { ...found, started: false };
  if (options.dockerHost !== undefined) {
    throw new UserError(`no Docker daemon answers at ${options.dockerHost}; start it, or leave out --docker-host and bramble starts one`);
  }
  if (existsSync('/run/systemd/system')) {
    const result = await runCommand('systemctl', ['start', 'docker']);
    const version = result.code === 0 ? await waitForDocker(`unix://${defaultSocket}`, clock, () => true) : undefined;
    if (version === undefined) throw new UserError("dockerd did not start; 'journalctl -u docker' says why");
    return { host: `unix://${defaultSocket}`, version, started: true };
  }
  return startOwnDaemon(options, clock);
}

async function startOwnDaemon(options: Options, clock: Clock): Promise<{ host: string; version: string; started: boolean }> {
  const dockerd = findExecutable('dockerd');
  if (dockerd === undefined) throw new UserError("dockerd is not installed; run 'apt-get install docker.io' and start again");
  const paths = dataPaths(options.dataDir);
  const own = ownDaemon(options.dataDir);
  mkdirSync(paths.runDir, { recursive: true, mode: 0o700 });
  mkdirSync(paths.logDir, { recursive: true, mode: 0o700 });
  const log = openSync(own.log, 'w', 0o600);
  // The default socket too where it is free, so that `docker` on the command line shows the pods' containers.
  const hosts = [`unix://${own.socket}`, ...(existsSync(defaultSocket) && (await dockerVersion(`unix://${defaultSocket}`)) !== undefined ? [] : [`unix://${defaultSocket}`])];
  const child = spawn(dockerd, [
    '--data-root', paths.dockerDir, '--exec-root', join(paths.runDir, 'docker-exec'), '--pidfile', own.pidFile,
    ...hosts.flatMap((host) => ['-H', host]),
  ], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  let running = true;
  child.once('exit', () => { running = false; });
  if (child.pid !== undefined) writeProcessFile(own.processFile, child.pid);
  const host = `unix://${own.socket}`;
  const version = await waitForDocker(host, clock, () => running);
  if (version === undefined) {
    const reason = lastLogLine(own.log);
    throw new UserError(`dockerd did not start: ${reason}; the whole story is in ${own.log}`);
  }
  return { host, version, started: true };
}

async function waitForDocker(host: string, clock: Clock, isRunning: () => boolean): Promise<string | undefined> {
  const deadline = clock.monotonic() + 60_000;
  while (isRunning() && clock.monotonic() < deadline) {
    if (existsSync(socketPath(host))) {
      const version = await dockerVersion(host);
      if (version !== undefined) return version;
    }
    await clock.sleep(50);
  }
  return undefined;
}

function lastLogLine(path: string): string {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const last = lines.findLast((line) => /failed|error|fatal/i.test(line)) ?? lines.at(-1) ?? 'it said nothing';
  return last.replace(/^.*msg=/, '').replace(/^"|"$/g, '').slice(0, 300);
}

/** Stops the daemon that bramble started for this data directory, if it runs. */
export async function stopOwnDocker(dataDir: string): Promise<boolean> {
  const { processFile } = ownDaemon(dataDir);
  const pid = runningProcess(processFile);
  if (pid !== undefined) {
    await endProcess(pid, () => runningProcess(processFile) !== undefined, 30_000);
    removeProcessFile(processFile);
  }
  await unmountLeftovers(dataDir);
  return pid !== undefined;
}

/** dockerd leaves mounts behind when it ends (the namespace of host-network containers); files under them cannot be deleted. */
async function unmountLeftovers(dataDir: string): Promise<void> {
  const paths = dataPaths(dataDir);
  const roots = [`${join(paths.runDir, 'docker-exec')}/`, `${paths.dockerDir}/`];
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '').map(unescapeMount);
  // The last mounted first: it may be inside another.
  for (const mount of mounts.filter((path) => roots.some((root) => path.startsWith(root))).reverse()) {
    const { code, output } = await runCommand('umount', [mount]);
    if (code !== 0) throw new UserError(`cannot unmount ${mount}: ${output.trim()}`);
  }
}

/** Spaces and the like are octal in /proc/self/mounts, see fstab(5). */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
