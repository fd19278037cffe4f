/** Runs programs with argument lists; never a shell. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface CommandResult {
  code: number;
  /** stdout and stderr as they came, the last 64 kB. */
  output: string;
}

/** Rejects only when the program cannot be started. */
export function runCommand(file: string, args: readonly string[], options: { env?: Record<string, string>; onOutput?: (text: string) => void } = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-65_536);
      options.onOutput?.(chunk.toString('utf8'));
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), output }));
  });
}

const systemDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The path of an executable on PATH or in the system's directories (sudo and cron often lack sbin). */
export function findExecutable(name: string, path = process.env.PATH ?? ''): string | undefined {
  for (const directory of [...path.split(delimiter).filter(Boolean), ...systemDirectories]) {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return join(directory, name);
    } catch {
      // Not here: the next directory may have it.
    }
  }
  return undefined;
}
