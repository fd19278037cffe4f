/** Finds the nats-server that an earlier, killed control plane left behind. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../machinery/clock.ts';

const pollMs = 20;
const graceMs = 5_000;

/** The files of a managed nats-server in its directory. */
export function natsServerPaths(directory: string): { configPath: string; pidPath: string } {
  return { configPath: join(directory, 'nats-server.conf'), pidPath: join(directory, 'nats-server.pid') };
}

/**
 * The process the pid file names, if it is still the one that wrote it: process ids are used again, so its command line
 * must name the configuration.
 */
export async function findStaleNatsServer(directory: string): Promise<number | undefined> {
  const { configPath, pidPath } = natsServerPaths(directory);
  const pid = Number((await readText(pidPath))?.trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return await runs(pid, configPath) ? pid : undefined;
}

/** SIGTERM, and SIGKILL after 5 s. Resolves when the process is gone. */
export async function endStaleNatsServer(pid: number, directory: string, clock: Clock): Promise<void> {
  const { configPath } = natsServerPaths(directory);
  signal(pid, 'SIGTERM');
  const killAt = clock.monotonic() + graceMs;
  let killed = false;
  while (await runs(pid, configPath)) {
    if (!killed && clock.monotonic() >= killAt) {
      killed = true;
      signal(pid, 'SIGKILL');
    }
    await clock.sleep(pollMs);
  }
}

async function runs(pid: number, configPath: string): Promise<boolean> {
  const words = (await readText(`/proc/${pid}/cmdline`))?.split('\0') ?? [];
  return words.includes(configPath);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
