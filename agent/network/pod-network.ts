/** What pods need of the board's network before a sandbox can be made. docker-network.ts implements it. */
import type { BoardNetwork } from '../../api/messaging/messages.ts';

export interface PodNetwork {
  /**
   * Idempotent: makes what is missing and keeps nothing to be done twice.
   * @throws NetworkError when the board's network is not known yet or cannot be set up.
   */
  ready(network: BoardNetwork | undefined): Promise<void>;
  /** Removes everything it made: network, routes, rules. Containers must be gone. Idempotent. */
  remove(): Promise<void>;
}

export class NetworkError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NetworkError';
  }
}
