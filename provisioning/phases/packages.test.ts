import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { readOptions } from '../options.ts';
import { Progress } from '../progress.ts';
import { UserError } from '../user-error.ts';
import { installPackages, missingPackages, type PackageHost } from './packages.ts';

const all = ['dockerd', 'nats-server', 'iptables', 'nft', 'ip', 'nsenter', 'apt-get'];

/** A machine on which `apt-get install` gives the programs of the packages, unless it is told to fail. */
class Machine implements PackageHost {
  readonly commands: string[] = [];
  ask: PackageHost['ask'];
  failures: string[] = [];
  private readonly programs: Set<string>;

  constructor(programs: string[]) {
    this.programs = new Set(programs);
  }

  find(program: string): string | undefined {
    return this.programs.has(program) ? `/usr/bin/${program}` : undefined;
  }

  run(file: string, args: readonly string[]): Promise<{ code: number; output: string }> {
    this.commands.push([file, ...args].join(' '));
    const failure = args[0] === 'install' ? this.failures.shift() : undefined;
    if (failure !== undefined) return Promise.resolve({ code: 100, output: failure });
    if (args.includes('docker.io')) this.programs.add('dockerd');
    if (args.includes('nats-server')) this.programs.add('nats-server');
    return Promise.resolve({ code: 0, output: '' });
  }
}

function install(machine: Machine, flags: string[] = []): Promise<{ output: string }> {
  let output = '';
  const progress = new Progress({ output: { write: (text) => { output += text; } }, clock: new FakeClock() });
  return installPackages(readOptions(flags, {}), progress, machine).then(() => ({ output }));
}

describe('installPackages', () => {
  it('does nothing where nothing is missing', async () => {
    const machine = new Machine(all);
    expect((await install(machine)).output).toBe('');
    expect(machine.commands).toEqual([]);
  });

  it('says what is missing and installs exactly that', async () => {
    const machine = new Machine(all.filter((program) => program !== 'dockerd'));
    expect((await install(machine)).output).toContain('lacks docker.io');
    expect(machine.commands).toEqual(['apt-get install -y --no-install-recommends docker.io']);
  });

  it('asks on a terminal, and takes no for an answer', async () => {
    const machine = new Machine(all.filter((program) => program !== 'nats-server'));
    machine.ask = () => Promise.resolve('n');
    await expect(install(machine)).rejects.toThrow(/nothing was installed; run 'apt-get install nats-server'/);
    expect(machine.commands).toEqual([]);
    machine.ask = () => Promise.resolve('');
    await install(machine);
    expect(machine.commands).toHaveLength(1);
  });

  it('does not ask with --yes', async () => {
    const machine = new Machine(all.filter((program) => program !== 'nats-server'));
    machine.ask = () => Promise.reject(new Error('asked'));
    await install(machine, ['--yes']);
    expect(machine.commands).toHaveLength(1);
  });

  it('refreshes the package lists when the first try fails', async () => {
    const machine = new Machine(['apt-get', 'ip', 'iptables', 'nft', 'nsenter']);
    machine.failures = ['E: Unable to locate package docker.io'];
    await install(machine);
    expect(machine.commands.map((command) => command.split(' ')[1])).toEqual(['install', 'update', 'install']);
  });

  it('passes on the reason of apt in one line', async () => {
    const machine = new Machine(['apt-get', 'ip', 'iptables', 'nft', 'nsenter', 'nats-server']);
    machine.failures = ['x', 'Reading package lists...\nE: Could not get lock /var/lib/dpkg/lock\nsomething else'];
    const failure = await install(machine).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as Error).message).toMatch(/^apt-get could not install docker\.io: E: Could not get lock.*start again$/);
  });

  it('says what to do where there is no apt-get', async () => {
    await expect(install(new Machine([]))).rejects.toThrow(/lacks docker\.io and nats-server and .* has no apt-get; install them/);
  });

  it('needs no Docker where one is named, and no nats-server where its URL is', () => {
    const options = readOptions(['--docker-host', 'unix:///run/docker.sock', '--nats-url', 'tls://nats.test:4222'], {});
    expect(missingPackages(options, (program) => (['ip', 'iptables', 'nft', 'nsenter'].includes(program) ? program : undefined))).toEqual([]);
  });
});
