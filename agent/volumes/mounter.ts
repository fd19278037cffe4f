/** Mounting, through util-linux' mount and umount. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Logger } from '../../machinery/logger.ts';

export interface TmpfsOptions {
  /** Upper bound of its contents; nothing is set aside. */
  sizeBytes: number | undefined;
  /** Permissions of its root. */
  mode: number;
  /** Keeps the contents out of swap, where the kernel can (Linux 6.4): for secrets. */
  noSwap: boolean;
}

export interface Mounter {
  tmpfs(path: string, options: TmpfsOptions): Promise<void>;
  /** @param source is taken as it is: symbolic links in it are followed by the kernel at the time of the mount only. */
  bind(source: string, target: string): Promise<void>;
  /** Detaches lazily when the mount is busy. */
  unmount(path: string): Promise<void>;
  /** Mount points at or below a directory, deepest (latest) first. One entry per mount: a path may come more than once. */
  mountPoints(directory: string): Promise<string[]>;
}

const run = promisify(execFile);
/** A mount that takes longer hangs in the kernel. */
const timeoutMilliseconds = 30_000;

export class SystemMounter implements Mounter {
  private readonly log: Logger;
  /** Until the kernel refused it once. */
  private noSwapWorks = true;

  constructor(options: { log: Logger }) {
    this.log = options.log;
  }

  async tmpfs(path: string, options: TmpfsOptions): Promise<void> {
    const parts = [`mode=${options.mode.toString(8)}`, 'nosuid', 'nodev'];
    if (options.sizeBytes !== undefined) parts.push(`size=${options.sizeBytes}`);
    if (options.noSwap && this.noSwapWorks) {
      try {
        await this.mount(['-t', 'tmpfs', '-o', [...parts, 'noswap'].join(','), 'tmpfs', path]);
        return;
      } catch (error) {
        this.noSwapWorks = false;
        this.log.info('kernel has no tmpfs without swap, mounting secrets on plain tmpfs', { error });
      }
    }
    await this.mount(['-t', 'tmpfs', '-o', parts.join(','), 'tmpfs', path]);
  }

  async bind(source: string, target: string): Promise<void> {
    await this.mount(['--no-canonicalize', '-o', 'bind', source, target]);
  }

  async unmount(path: string): Promise<void> {
    try {
      await run('umount', ['--no-canonicalize', path], { timeout: timeoutMilliseconds });
    } catch (error) {
      this.log.debug('volume is busy, detaching it', { path, error });
      await run('umount', ['--no-canonicalize', '--lazy', path], { timeout: timeoutMilliseconds });
    }
  }

  async mountPoints(directory: string): Promise<string[]> {
    return mountPointsBelow(await readFile('/proc/self/mountinfo', 'utf8'), directory);
  }

  private async mount(parameters: string[]): Promise<void> {
    await run('mount', parameters, { timeout: timeoutMilliseconds });
  }
}

/** @param table text of /proc/self/mountinfo (proc(5)). */
export function mountPointsBelow(table: string, directory: string): string[] {
  const found: string[] = [];
  for (const line of table.split('\n')) {
    const field = line.split(' ', 5)[4];
    if (field === undefined) continue;
    // Blank, tab, line end and backslash are written as octal escapes; everything else is as it is.
    const path = field.replaceAll(/\\([0-7]{3})/g, (_escape, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
    if (path === directory || path.startsWith(`${directory}/`)) found.push(path);
  }
  return found.reverse();
}
