import {
  errors, NatsConnectionImpl, nkeyAuthenticator, setTransportFactory, type ConnectionOptions, type Msg, type NatsConnection, type Subscription,
} from '@nats-io/transport-node';
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';
import { nodeResolveHost } from '@nats-io/transport-node/lib/node_transport.js';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import {
  NoResponderError, NotConnectedError, RequestFailedError, type ConnectionStatus, type IncomingMessage, type MessagingConnection,
} from './messaging-connection.ts';
import { PinnedTransport } from './pinned-transport.ts';

export interface NatsMessagingConnectionOptions {
  name: string;
  servers: string[];
  seed: string;
  ca: string;
  inboxPrefix: string;
  clock: Clock;
  logger: Logger;
  random: () => number;
}

/** A peer that vanished without a word is noticed after two of these. Small enough for NAT tables, rare enough for an idle uplink. */
const pingIntervalMs = 30_000;
/** What is under way at the end has this long to be sent. */
const drainMs = 2_000;
const reconnectBaseMs = 250;
const reconnectJitterMs = 1_750;

interface Registration {
  subject: string;
  handler: (message: IncomingMessage) => void;
  active: Subscription | undefined;
}

/**
 * INVARIANTS
 * - Nothing is published while disconnected: the library would keep it in memory without bound and send it, stale, later.
 * - Handlers are called in the order of the messages and never throw into the library.
 */
export class NatsMessagingConnection implements MessagingConnection {
  private readonly options: NatsMessagingConnectionOptions;
  private readonly abort = new AbortController();
  private readonly registrations = new Set<Registration>();
  private readonly statusHandlers = new Set<(status: ConnectionStatus) => void>();
  private readonly running: Promise<void>;
  private current: ConnectionStatus = 'disconnected';
  private connection: NatsConnection | undefined;
  /** So that a server that is away is one log line, not one a second. */
  private lastRefusal: string | undefined;

  constructor(options: NatsMessagingConnectionOptions) {
    this.options = options;
    this.running = this.run();
  }

  get status(): ConnectionStatus {
    return this.current;
  }

  onStatus(handler: (status: ConnectionStatus) => void): () => void {
    this.statusHandlers.add(handler);
    return () => { this.statusHandlers.delete(handler); };
  }

  connected(): Promise<void> {
    if (this.current === 'connected') return Promise.resolve();
    if (this.current === 'closed') return Promise.reject(new NotConnectedError());
    return new Promise((resolve, reject) => {
      const stop = this.onStatus((status) => {
        if (status === 'connected') resolve();
        else if (status === 'closed') reject(new NotConnectedError());
        else return;
        stop();
      });
    });
  }

  publish(subject: string, payload: string | Uint8Array): boolean {
    if (this.current !== 'connected' || !this.connection) return false;
    try {
      this.connection.publish(subject, payload);
      return true;
    } catch (error) {
      // Bigger than a message may be, or the connection is just closing: lost, like any other message may be.
      this.options.logger.error('message could not be sent', { subject, bytes: payload.length, error });
      return false;
    }
  }

  async request(subject: string, payload: string | Uint8Array, options: { timeoutMs: number }): Promise<Uint8Array> {
    if (this.current !== 'connected' || !this.connection) throw new NotConnectedError();
    try {
      const reply = await this.connection.request(subject, payload, { timeout: options.timeoutMs });
      return reply.data;
    } catch (error) {
      if (error instanceof errors.RequestError && error.isNoResponders()) throw new NoResponderError(subject);
      throw new RequestFailedError(subject, { cause: error });
    }
  }

  subscribe(subject: string, handler: (message: IncomingMessage) => void): () => void {
    const registration: Registration = { subject, handler, active: undefined };
    this.registrations.add(registration);
    if (this.connection && this.current !== 'closed') this.activate(registration, this.connection);
    return () => {
      this.registrations.delete(registration);
      registration.active?.unsubscribe();
    };
  }

  async close(): Promise<void> {
    if (this.abort.signal.aborted) return this.running;
    const wasConnected = this.current === 'connected';
    this.setStatus('closed');
    this.abort.abort(new NotConnectedError());
    const { connection } = this;
    if (connection && !connection.isClosed()) {
      // A drain waits for the peer, which may have gone this moment: then there is nothing to wait for.
      const ended = connection.closed();
      const timer = this.options.clock.after(drainMs, () => void connection.close());
      (wasConnected ? connection.drain() : connection.close()).catch((error: unknown) => {
        this.options.logger.debug('NATS connection ended while closing', { error });
      });
      await ended;
      timer.cancel();
    }
    await this.running;
    this.statusHandlers.clear();
    this.registrations.clear();
  }

  private async run(): Promise<void> {
    while (!this.abort.signal.aborted) {
      try {
        await this.connectOnce();
      } catch (error) {
        this.refused(error);
      }
      await this.options.clock.sleep(this.reconnectDelay(), this.abort.signal).catch(() => {}); // Aborted: the loop ends.
    }
  }

  /** Connects and stays until the connection is closed for good; the library reconnects by itself in between. */
  private async connectOnce(): Promise<void> {
    // `nats://` is somebody's own choice of a server without TLS; whoever manages the server for us says `tls://`.
    setTransportFactory({ factory: () => (this.pinned ? new PinnedTransport() : new NodeTransport()), dnsResolveFn: nodeResolveHost });
    const connection = await NatsConnectionImpl.connect(this.libraryOptions());
    if (this.abort.signal.aborted) return connection.close();
    this.connection = connection;
    for (const registration of this.registrations) this.activate(registration, connection);
    const watching = this.watch(connection);
    this.setStatus('connected');
    const reason = await connection.closed();
    await watching;
    this.connection = undefined;
    this.setStatus('disconnected');
    if (reason instanceof Error) this.refused(reason);
  }

  private get pinned(): boolean {
    return !this.options.servers.every((server) => server.startsWith('nats://'));
  }

  private libraryOptions(): ConnectionOptions {
    const { options } = this;
    return {
      name: options.name,
      servers: options.servers,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(options.seed)),
      ...(this.pinned ? { tls: { ca: options.ca } } : {}),
      inboxPrefix: options.inboxPrefix,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectDelayHandler: () => this.reconnectDelay(),
      pingInterval: pingIntervalMs,
      maxPingOut: 2,
      noAsyncTraces: true,
      ignoreClusterUpdates: true,
      timeout: 10_000,
    };
  }

  private reconnectDelay(): number {
    return Math.round(reconnectBaseMs + this.options.random() * reconnectJitterMs);
  }

  private async watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.setStatus('disconnected');
      else if (status.type === 'reconnect') this.setStatus('connected');
      else if (status.type === 'error') this.options.logger.warn('NATS refused', { error: status.error });
    }
  }

  private activate(registration: Registration, connection: NatsConnection): void {
    registration.active = connection.subscribe(registration.subject, {
      callback: (error, message) => {
        if (error) this.options.logger.warn('NATS subscription failed', { subject: registration.subject, error });
        else this.deliver(registration, message);
      },
    });
  }

  private deliver(registration: Registration, message: Msg): void {
    try {
      registration.handler({
        subject: message.subject,
        data: message.data,
        respond: (payload) => { if (this.current === 'connected') message.respond(payload); },
      });
    } catch (error) {
      this.options.logger.error('message handler failed', { subject: message.subject, error: error as Error });
    }
  }

  private setStatus(status: ConnectionStatus): void {
    if (this.current === status || this.current === 'closed') return;
    this.current = status;
    if (status === 'connected') this.lastRefusal = undefined;
    this.options.logger.info('NATS connection', { status });
    for (const handler of [...this.statusHandlers]) handler(status);
  }

  private refused(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (this.abort.signal.aborted || text === this.lastRefusal) return;
    this.lastRefusal = text;
    this.options.logger.warn('cannot connect to NATS, trying again', { servers: this.options.servers.join(','), error });
  }
}
