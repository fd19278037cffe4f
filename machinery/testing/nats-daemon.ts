import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nkeys } from '@nats-io/transport-node';
import { boardPermissions } from '../../api/messaging/subjects.ts';
import type { BoardCredentials } from '../nats/board-credentials.ts';
import type { ServerCredentials } from '../nats/connect.ts';
import { createTestAuthority, type TestAuthority, type TestCertificate } from './test-authority.ts';

export interface NatsDaemon {
  readonly url: string;
  readonly authority: TestAuthority;
  readonly server: ServerCredentials;
  /** @throws Error when the board was not named at the start. */
  board(name: string): BoardCredentials;
  /** SIGKILL; start() brings it back on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** A real nats-server on a free port of loopback, with TLS and one user per board, as the control plane sets it up. */
export async function startNatsDaemon(boards: readonly string[], options: { certificate?: (authority: TestAuthority) => Promise<TestCertificate> } = {}): Promise<NatsDaemon> {
  const directory = await mkdtemp(join(tmpdir(), 'bramble-nats-'));
  const authority = await createTestAuthority();
  const leaf = await (options.certificate?.(authority) ?? authority.issue());
  const port = await freePort();
  const url = `tls://127.0.0.1:${port}`;
  const serverSeed = newSeed();
  const seeds = new Map(boards.map((board) => [board, newSeed()]));
  await writeFile(join(directory, 'tls.crt'), leaf.certificate);
  await writeFile(join(directory, 'tls.key'), leaf.key, { mode: 0o600 });
  const users = [
    { nkey: publicKey(serverSeed), permissions: { publish: '>', subscribe: '>' } },
    ...[...seeds].map(([board, seed]) => ({ nkey: publicKey(seed), permissions: boardPermissions(board) })),
  ];
  const config = { listen: `127.0.0.1:${port}`, max_payload: 4 * 1024 * 1024, tls: { cert_file: join(directory, 'tls.crt'), key_file: join(directory, 'tls.key') }, authorization: { users } };
  const configPath = join(directory, 'nats.conf');
  await writeFile(configPath, JSON.stringify(config));
  let child = await spawnUntilReady(configPath);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  return {
    url,
    authority,
    server: { url, seed: serverSeed, ca: authority.ca },
    board: (name) => {
      const seed = seeds.get(name);
      if (!seed) throw new Error(`no board ${name}`);
      return { board: name, url, seed, ca: authority.ca };
    },
    kill,
    start: async () => { child = await spawnUntilReady(configPath); },
    stop: async () => {
      await kill();
      await rm(directory, { recursive: true });
    },
  };
}

function newSeed(): string {
  return new TextDecoder().decode(nkeys.createUser().getSeed());
}

function publicKey(seed: string): string {
  return nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function spawnUntilReady(configPath: string): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn('nats-server', ['-c', configPath], { stdio: ['ignore', 'ignore', 'pipe'] });
    const lines: string[] = [];
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`nats-server ended: ${lines.join('\n')}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (lines.push(line) > 50) lines.shift();
      if (line.includes('Server is ready')) resolve(child);
    });
  });
}
