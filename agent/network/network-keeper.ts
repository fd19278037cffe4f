import type { BoardNetwork } from '../../api/messaging/messages.ts';
import { Backoff } from '../../machinery/backoff.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { PodNetwork } from './pod-network.ts';

export interface NetworkKeeperOptions {
  network: Pick<PodNetwork, 'ready'>;
  /** Called when a network was set up. */
  onReady: () => void;
  clock: Clock;
  logger: Logger;
}

const retryInitialMs = 500;
const retryMaximumMs = 15_000;

/**
 * Sets up the board's pod network whenever the board is told one, and tries until it succeeds: a node without pods asks for
 * its network at no other occasion. INVARIANT: the newest network wins; an earlier one is not tried any more.
 */
export class NetworkKeeper {
  private readonly options: NetworkKeeperOptions;
  private wanted: AbortController | undefined;
  private firstAttempt: Promise<void> = Promise.resolve();

  constructor(options: NetworkKeeperOptions) {
    this.options = options;
  }

  keep(boardNetwork: BoardNetwork): void {
    this.stop();
    const wanted = new AbortController();
    this.wanted = wanted;
    this.firstAttempt = new Promise((resolve) => { void this.setUp(boardNetwork, wanted.signal, resolve); });
  }

  /** Resolves when the network was tried once, with or without success; at once where none is known. */
  settled(): Promise<void> {
    return this.firstAttempt;
  }

  stop(): void {
    this.wanted?.abort(new Error('stopped'));
  }

  /** Never rejects. One line when it begins to fail. */
  private async setUp(boardNetwork: BoardNetwork, signal: AbortSignal, attempted: () => void): Promise<void> {
    const { network, clock, logger, onReady } = this.options;
    const backoff = new Backoff({ initialMs: retryInitialMs, maximumMs: retryMaximumMs });
    for (;;) {
      const failure = await network.ready(boardNetwork).then(() => undefined, (error: unknown) => ({ error }));
      attempted();
      if (signal.aborted) return;
      if (!failure) {
        onReady();
        return;
      }
      if (backoff.failureCount() === 0) logger.error('the pod network cannot be set up, trying again', failure);
      if (await clock.sleep(backoff.next(), signal).then(() => false, () => true)) return;
    }
  }
}
