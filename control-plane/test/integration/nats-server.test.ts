import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boardSubjects } from '../../../api/messaging/subjects.ts';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { readBoardCredentials } from '../../../machinery/nats/board-credentials.ts';
import { connectBoard, connectServer } from '../../../machinery/nats/connect.ts';
import type { MessagingConnection } from '../../../machinery/nats/messaging-connection.ts';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { freePort } from '../../../machinery/testing/nats-daemon.ts';
import { BoardRegistry, publicKeyOf } from '../../nats-server/board-registry.ts';
import { ManagedNatsServer, type ManagedNatsServerOptions } from '../../nats-server/managed-nats-server.ts';
import { ensureServerSeed } from '../../nats-server/server-seed.ts';
import { ensurePki, type Pki } from '../../pki/ensure-pki.ts';

const dependencies = { clock: systemClock, logger: silentLogger, random: () => 0 };

let dataDir: string;
let pki: Pki;
let seed: string;
let options: ManagedNatsServerOptions;
let registry: BoardRegistry;
let nats: ManagedNatsServer;
const connections: MessagingConnection[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bramble-nats-server-'));
  const pkiDirectory = join(dataDir, 'pki');
  pki = await ensurePki({ directory: pkiDirectory, names: [], addresses: [], clock: systemClock });
  seed = await ensureServerSeed(join(dataDir, 'server', 'nats.seed'));
  const port = await freePort();
  registry = await BoardRegistry.open({ dataDir, url: `tls://127.0.0.1:${port}`, ca: pki.ca, onChange: () => nats.reload() });
  options = {
    directory: join(dataDir, 'server', 'nats'), host: '127.0.0.1', port, ...dependencies,
    certificatePath: join(pkiDirectory, 'nats.crt'), keyPath: join(pkiDirectory, 'nats.key'),
    users: () => ({ serverKey: publicKeyOf(seed), boards: registry.boards() }),
  };
  nats = new ManagedNatsServer(options);
});

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
  await nats.stop();
  await rm(dataDir, { recursive: true });
});

function server(): MessagingConnection {
  const connection = connectServer({ url: `tls://127.0.0.1:${options.port}`, seed, ca: pki.ca }, dependencies);
  connections.push(connection);
  return connection;
}

async function board(name: string): Promise<MessagingConnection> {
  const connection = connectBoard(await readBoardCredentials(await registry.ensureBoard(name)), dependencies);
  connections.push(connection);
  return connection;
}

describe('managed nats-server', () => {
  it('lets a board in as soon as it is enrolled, without interrupting the others', async () => {
    await nats.start();
    const control = server();
    const first = await board('pi-1');
    await Promise.all([control.connected(), first.connected()]);
    const interruptions: string[] = [];
    first.onStatus((status) => interruptions.push(status));
    const second = await board('pi-2');
    await second.connected();
    control.subscribe(boardSubjects('pi-2').register, (message) => message.respond('welcome'));
    const reply = await eventually(() => second.request(boardSubjects('pi-2').register, '', { timeoutMs: 1000 }));
    expect(Buffer.from(reply).toString()).toBe('welcome');
    expect(interruptions).toEqual([]);
  });

  it('comes back when it is killed', async () => {
    await nats.start();
    const control = server();
    await control.connected();
    const pid = nats.pid!;
    process.kill(pid, 'SIGKILL');
    await eventually(() => control.status === 'disconnected');
    await control.connected();
    expect(nats.pid).not.toBe(pid);
  });

  it('ends the one that a killed control plane left behind', async () => {
    await nats.start();
    const stale = nats.pid!;
    // As after a kill of the control plane: the child runs, nobody supervises it.
    const successor = new ManagedNatsServer({ ...options });
    await nats.reload();
    const takeover = successor.start();
    await nats.stop();
    await takeover;
    try {
      expect(successor.pid).not.toBe(stale);
      expect(Number(await readFile(join(options.directory, 'nats-server.pid'), 'utf8'))).toBe(successor.pid);
    } finally {
      await successor.stop();
    }
  });

  it('leaves a process alone that only has the number of the old one', async () => {
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
    try {
      await nats.start();
      await nats.stop();
      await writeFile(join(options.directory, 'nats-server.pid'), String(bystander.pid));
      nats = new ManagedNatsServer(options);
      await nats.start();
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    } finally {
      bystander.kill();
    }
  });

  it('says what to install when nats-server is missing', async () => {
    const missing = new ManagedNatsServer({ ...options, binary: 'nats-server-that-is-not-there' });
    await expect(missing.start()).rejects.toThrow('install it (apt install nats-server)');
  });

  it('says why it does not start', async () => {
    await nats.start();
    const second = new ManagedNatsServer({ ...options, directory: join(dataDir, 'second') });
    await expect(second.start()).rejects.toThrow(/address already in use/);
  });
});

describe('board registry', () => {
  it('keeps a board\'s identity, and its credentials for its owner alone', async () => {
    const path = await registry.ensureBoard('pi-1');
    const before = await readFile(path, 'utf8');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const reopened = await BoardRegistry.open({ dataDir, url: `tls://127.0.0.1:${options.port}`, ca: pki.ca, onChange: async () => {} });
    expect([...reopened.boards()]).toEqual([['pi-1', publicKeyOf((JSON.parse(before) as { seed: string }).seed)]]);
    await reopened.ensureBoard('pi-1');
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it('makes damaged credentials anew and refuses a damaged list of boards', async () => {
    const path = await registry.ensureBoard('pi-1');
    await writeFile(path, '{');
    await registry.ensureBoard('pi-1');
    expect((await readBoardCredentials(path)).board).toBe('pi-1');
    await writeFile(join(dataDir, 'server', 'boards.json'), '{"boards":');
    await expect(BoardRegistry.open({ dataDir, url: '', ca: '', onChange: async () => {} })).rejects.toThrow('is damaged');
  });

  it('refuses names that no Node can have', async () => {
    await expect(registry.ensureBoard('Pi_1')).rejects.toThrow('cannot be a board\'s name');
  });
});
