/** Runs a program of the system with a list of arguments: never a shell. */
import { execFile } from 'node:child_process';

export class CommandError extends Error {
  readonly exitCode: number | undefined;

  constructor(message: string, exitCode: number | undefined, options: { cause: unknown }) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** @returns what it printed. @throws CommandError with what it said on stderr. */
export type RunCommand = (program: string, ...args: string[]) => Promise<string>;

const timeoutMs = 20_000;
/** Where administrators' tools are: not every PATH has them. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const runCommand: RunCommand = (program, ...args) => new Promise((resolve, reject) => {
  execFile(program, args, { timeout: timeoutMs, env: { PATH: path, LC_ALL: 'C' } }, (error, stdout, stderr) => {
    if (!error) {
      resolve(stdout);
      return;
    }
    const code = typeof error.code === 'number' ? error.code : undefined;
    reject(new CommandError(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`, code, { cause: error }));
  });
});
