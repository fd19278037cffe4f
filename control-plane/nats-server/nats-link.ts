/** The control plane's way to the boards: a nats-server (managed, or somebody else's), its users, and a connection to it. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { connectServer } from '../../machinery/nats/connect.ts';
import type { MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import { writeFileAtomic } from '../pki/atomic-file.ts';
import { BoardRegistry, publicKeyOf } from './board-registry.ts';
import { ManagedNatsServer } from './managed-nats-server.ts';
import { natsUsers, type NatsUsers } from './nats-config.ts';
import { ensureServerSeed } from './server-seed.ts';

export interface NatsLinkOptions {
  dataDir: string;
  pkiDirectory: string;
  /** PEM of the cluster's authority. */
  ca: string;
  host: string;
  port: number;
  /** Somebody else's server. */
  url?: string | undefined;
  binary?: string | undefined;
  clock: Clock;
  logger: Logger;
  random: () => number;
}

export interface NatsLink {
  connection: MessagingConnection;
  boards: BoardRegistry;
  /** Of the managed server; undefined while it is being restarted, or when it is somebody else's. */
  readonly serverPid: number | undefined;
  /** Makes the managed server read its certificate and users again; connections stay. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Resolves when the managed server takes connections; the connection itself may come up later.
 * @throws NatsServerError when it cannot be started.
 */
export async function startNatsLink(options: NatsLinkOptions): Promise<NatsLink> {
  const { dataDir, clock, logger, random, ca } = options;
  const directory = join(dataDir, 'server', 'nats');
  const seed = await ensureServerSeed(join(directory, 'server.seed'));
  const url = options.url ?? `tls://127.0.0.1:${options.port}`;
  const users = (): NatsUsers => ({ serverKey: publicKeyOf(seed), boards: boards.boards() });
  const server = options.url === undefined ? managedServer(options, directory, users) : undefined;
  const usersPath = join(directory, 'users.conf');
  const boards = await BoardRegistry.open({
    dataDir, url, ca, onChange: () => (server ? server.reload() : writeUsers(usersPath, users())),
  });
  if (server) {
    await server.start();
  } else {
    await writeUsers(usersPath, users());
    logger.info('Using an external nats-server; include its users under "authorization" and reload it when boards change', { url, users: usersPath });
    if (url.startsWith('nats://')) logger.warn('This nats-server has no TLS: Secrets travel in plain text, and any board can read them', { url });
  }
  const connection = connectServer({ url, seed, ca }, { clock, logger, random });
  return {
    connection,
    boards,
    get serverPid() { return server?.pid; },
    reload: async () => { await server?.reload(); },
    stop: async () => {
      await connection.close();
      await server?.stop();
    },
  };
}

function managedServer(options: NatsLinkOptions, directory: string, users: () => NatsUsers): ManagedNatsServer {
  const { pkiDirectory, host, port, binary, clock, logger, random } = options;
  return new ManagedNatsServer({
    directory, host, port, users, clock, logger, random,
    certificatePath: join(pkiDirectory, 'nats.crt'), keyPath: join(pkiDirectory, 'nats.key'),
    ...(binary === undefined ? {} : { binary }),
  });
}

/** For `authorization { include users.conf }` of an external server. */
async function writeUsers(path: string, users: NatsUsers): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, `users: ${JSON.stringify(natsUsers(users), null, 2)}\n`, 0o600);
}
