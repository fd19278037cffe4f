/** Installs what the distribution offers and this machine lacks: docker.io and nats-server. */
import { createInterface } from 'node:readline/promises';
import type { Options } from '../options.ts';
import type { Progress } from '../progress.ts';
import { findExecutable, runCommand } from '../command-runner.ts';
import { UserError } from '../user-error.ts';

interface RequiredPackage {
  name: string;
  /** The package is there when this program is. */
  program: string;
  needed: (options: Options) => boolean;
}

const requiredPackages: readonly RequiredPackage[] = [
  { name: 'docker.io', program: 'dockerd', needed: (options) => options.dockerHost === undefined },
  { name: 'nats-server', program: 'nats-server', needed: (options) => options.natsUrl === undefined },
  { name: 'iptables', program: 'iptables', needed: () => true },
  { name: 'nftables', program: 'nft', needed: () => true },
  { name: 'iproute2', program: 'ip', needed: () => true },
];

export function missingPackages(options: Options, find: (program: string) => string | undefined = findExecutable): string[] {
  return requiredPackages.filter((row) => row.needed(options) && find(row.program) === undefined).map((row) => row.name);
}

/** @throws UserError when the person says no, or apt cannot do it. */
export async function installPackages(options: Options, progress: Progress): Promise<void> {
  const missing = missingPackages(options);
  if (missing.length === 0) return;
  if (findExecutable('apt-get') === undefined) {
    throw new UserError(`this machine lacks ${missing.join(' and ')} and has no apt-get; install them with its own package manager, then run this again`);
  }
  progress.line(`  This machine lacks ${missing.join(' and ')}.`);
  if (!options.yes && process.stdin.isTTY && !(await confirm(`  Install ${missing.join(' and ')} with apt-get? [Y/n] `))) {
    throw new UserError(`nothing was installed; run 'apt-get install ${missing.join(' ')}' and start again`);
  }
  await progress.step(`install ${missing.join(', ')}`, async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const install = ['install', '-y', '--no-install-recommends', ...missing];
    let result = await runCommand('apt-get', install, { env });
    if (result.code !== 0) {
      // The package lists of a fresh machine are empty or old.
      await runCommand('apt-get', ['update'], { env });
      result = await runCommand('apt-get', install, { env });
    }
    if (result.code !== 0) {
      const reason = result.output.trim().split('\n').filter((line) => /^E:/.test(line)).at(-1) ?? result.output.trim().split('\n').at(-1);
      throw new UserError(`apt-get could not install ${missing.join(' ')}: ${reason}; mend that, or install them by hand, and start again`);
    }
    const still = missingPackages(options);
    if (still.length > 0) throw new UserError(`apt-get installed ${missing.join(' ')}, but ${still.join(' and ')} cannot be found on PATH`);
  });
}

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return !/^n/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
