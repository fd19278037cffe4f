/**
 * What the product needs of NATS, and no more. Delivery is at most once: whoever sends state compares revisions after
 * every reconnect, so nothing is queued for a peer that is away.
 */
export type ConnectionStatus = 'connected' | 'disconnected' | 'closed';

export interface IncomingMessage {
  subject: string;
  data: Uint8Array;
  /** Answers a request; does nothing for a plain message or while disconnected. */
  respond(payload: string | Uint8Array): void;
}

export interface MessagingConnection {
  readonly status: ConnectionStatus;
  /** Called at every change from now on. @returns stops it. */
  onStatus(handler: (status: ConnectionStatus) => void): () => void;
  /** Resolves at the first connection; rejects when closed before. */
  connected(): Promise<void>;
  /** @returns false when it was dropped because there is no connection. */
  publish(subject: string, payload: string | Uint8Array): boolean;
  /**
   * @returns the reply's payload.
   * @throws NotConnectedError at once when there is no connection.
   * @throws NoResponderError when nobody listens on the subject.
   * @throws RequestFailedError after timeoutMs, or when the connection breaks meanwhile.
   */
  request(subject: string, payload: string | Uint8Array, options: { timeoutMs: number }): Promise<Uint8Array>;
  /** Lasts over reconnects. May be called before the first connection. @returns ends it. */
  subscribe(subject: string, handler: (message: IncomingMessage) => void): () => void;
  /** Sends what was published, then ends. Does not throw. */
  close(): Promise<void>;
}

export class NotConnectedError extends Error {
  constructor() {
    super('not connected to NATS');
    this.name = 'NotConnectedError';
  }
}

export class NoResponderError extends Error {
  constructor(subject: string) {
    super(`nobody listens on ${subject}`);
    this.name = 'NoResponderError';
  }
}

export class RequestFailedError extends Error {
  constructor(subject: string, options: { cause: unknown }) {
    super(`no answer on ${subject}`, options);
    this.name = 'RequestFailedError';
  }
}
