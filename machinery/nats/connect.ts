/** Connects a board, or the control plane, to NATS. */
import { inboxPrefix } from '../../api/messaging/subjects.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { BoardCredentials } from './board-credentials.ts';
import type { MessagingConnection } from './messaging-connection.ts';
import { NatsMessagingConnection } from './nats-messaging-connection.ts';

export interface ConnectDependencies {
  clock: Clock;
  logger: Logger;
  /** In [0, 1): spreads reconnects of a fleet. */
  random: () => number;
}

export interface ServerCredentials {
  /** `tls://127.0.0.1:4222` */
  url: string;
  /** Seed of the control plane's nkey. */
  seed: string;
  /** PEM of the cluster's authority. */
  ca: string;
}

/**
 * Returns at once and connects in the background, again and again until closed: a board works without its control plane.
 * A refused credential is tried again too, because the board may be enrolled later or the server be restored from a backup.
 */
export function connectBoard(credentials: BoardCredentials, dependencies: ConnectDependencies): MessagingConnection {
  return new NatsMessagingConnection({
    name: credentials.board,
    servers: credentials.url.split(',').map((url) => url.trim()),
    seed: credentials.seed,
    ca: credentials.ca,
    inboxPrefix: inboxPrefix(credentials.board),
    ...dependencies,
  });
}

/** The control plane's own connection, with the same patience. */
export function connectServer(credentials: ServerCredentials, dependencies: ConnectDependencies): MessagingConnection {
  return new NatsMessagingConnection({
    name: 'control-plane',
    servers: credentials.url.split(',').map((url) => url.trim()),
    seed: credentials.seed,
    ca: credentials.ca,
    inboxPrefix: '_INBOX',
    ...dependencies,
  });
}
