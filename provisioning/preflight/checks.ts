/** Checks before anything is touched. Each says what is wrong and what to do; nothing is half-done when one fails. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Options } from '../options.ts';
import { dockerVersion } from '../phases/docker-daemon.ts';
import { UserError } from '../user-error.ts';

export interface Check {
  name: string;
  run(options: Options): Promise<void> | void;
}

export const platform: Check = {
  name: 'Platform',
  run() {
    if (process.platform !== 'linux') throw new UserError(`bramble runs on Linux, this is ${process.platform}; use kubectl from here and run bramble on a board`);
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    if (major < 20 || (major === 20 && minor < 19)) throw new UserError(`bramble needs Node >= 20.19, this is ${process.versions.node}; install a newer nodejs`);
  },
};

export const privilege: Check = {
  name: 'Privilege',
  run() {
    if (process.getuid?.() !== 0) throw new UserError('bramble must run as root to start containers and mount volumes; run it with sudo');
  },
};

export const dataDirectory: Check = {
  name: 'DataDirectory',
  run({ dataDir }) {
    let existing = dataDir;
    while (!existsSync(existing)) existing = dirname(existing);
    if (!statSync(existing).isDirectory()) throw new UserError(`${existing} is not a directory; choose another --data-dir`);
    try {
      accessSync(existing, constants.W_OK);
    } catch (error) {
      throw new UserError(`cannot write to ${existing}; choose another --data-dir or mount it writable`, { cause: error });
    }
  },
};

export const apiPort: Check = {
  name: 'ApiPort',
  run: (options) => portFree(options.apiPort, '--api-port', 'the Kubernetes API'),
};

export const natsPort: Check = {
  name: 'NatsPort',
  run: (options) => (options.natsUrl === undefined ? portFree(options.natsPort, '--nats-port', 'NATS') : undefined),
};

export const namedDocker: Check = {
  name: 'NamedDocker',
  async run({ dockerHost }) {
    if (dockerHost === undefined || (await dockerVersion(dockerHost)) !== undefined) return;
    throw new UserError(`no Docker daemon answers at ${dockerHost}; start it, or leave out --docker-host and bramble starts one`);
  },
};

export async function runChecks(checks: readonly Check[], options: Options): Promise<void> {
  for (const check of checks) await check.run(options);
}

function portFree(port: number, flag: string, purpose: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new UserError(
        error.code === 'EADDRINUSE'
          ? `port ${port} for ${purpose} is in use by another process ('ss -ltnp sport = :${port}' shows which); stop it or choose another with ${flag}`
          : `port ${port} for ${purpose} cannot be opened: ${error.message}; choose another with ${flag}`,
        { cause: error },
      ));
    });
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve()));
  });
}
