/** Installs what the distribution offers and this machine lacks: docker.io and nats-server. */
import { createInterface } from 'node:readline/promises';
import type { Options } from '../options.ts';
import type { Progress } from '../progress.ts';
import { findExecutable, runCommand, type CommandResult } from '../command-runner.ts';
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
  { name: 'util-linux', program: 'nsenter', needed: () => true },
];

/** What installing touches, for tests to stand in for. */
export interface PackageHost {
  find(program: string): string | undefined;
  run(file: string, args: readonly string[], options: { env: Record<string, string> }): Promise<CommandResult>;
  /** Undefined where nobody is there to answer. */
  ask: ((question: string) => Promise<string>) | undefined;
}

const thisMachine: PackageHost = {
  find: (program) => findExecutable(program),
  run: (file, args, options) => runCommand(file, args, options),
  ask: process.stdin.isTTY ? askOnTerminal : undefined,
};

export function missingPackages(options: Options, find: (program: string) => string | undefined = findExecutable): string[] {
  return requiredPackages.filter((row) => row.needed(options) && find(row.program) === undefined).map((row) => row.name);
}

/** @throws UserError when the person says no, or apt cannot do it. */
export async function installPackages(options: Options, progress: Progress, host: PackageHost = thisMachine): Promise<void> {
  const missing = missingPackages(options, (program) => host.find(program));
  if (missing.length === 0) return;
  if (host.find('apt-get') === undefined) {
    throw new UserError(`this machine lacks ${missing.join(' and ')} and has no apt-get; install them with its own package manager, then run this again`);
  }
  progress.line(`  This machine lacks ${missing.join(' and ')}.`);
  if (!options.yes && host.ask && /^n/i.test((await host.ask(`  Install ${missing.join(' and ')} with apt-get? [Y/n] `)).trim())) {
    throw new UserError(`nothing was installed; run 'apt-get install ${missing.join(' ')}' and start again`);
  }
  await progress.step(`install ${missing.join(', ')}`, async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const install = ['install', '-y', '--no-install-recommends', ...missing];
    let result = await host.run('apt-get', install, { env });
    if (result.code !== 0) {
      // The package lists of a fresh machine are empty or old.
      await host.run('apt-get', ['update'], { env });
      result = await host.run('apt-get', install, { env });
    }
    if (result.code !== 0) {
      const lines = result.output.trim().split('\n');
      const reason = lines.findLast((line) => line.startsWith('E:')) ?? lines.at(-1);
      throw new UserError(`apt-get could not install ${missing.join(' ')}: ${reason}; mend that, or install them by hand, and start again`);
    }
    const still = missingPackages(options, (program) => host.find(program));
    if (still.length > 0) throw new UserError(`apt-get installed ${missing.join(' ')}, but ${still.join(' and ')} cannot be found on PATH`);
  });
}

async function askOnTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
