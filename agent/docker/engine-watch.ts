/** Passes on the events of containers that are news: ends, and starts by somebody else. */
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { DockerClient } from './docker-client.ts';
import { agentFilter, labels } from './labels.ts';

const actions = ['start', 'die', 'oom', 'destroy'] as const;

export interface WatchedEvent {
  action: (typeof actions)[number];
  containerId: string;
  podUid: string;
}

export interface EngineWatchOptions {
  client: DockerClient;
  clock: Clock;
  logger: Logger;
  agentId: string;
  handler: (event: WatchedEvent) => void;
  signal: AbortSignal;
}

const retryMs = 1_000;

/** Listens until the signal aborts, connecting again after every break; breaks are made good by the periodic relist. */
export async function watchEngine(options: EngineWatchOptions): Promise<void> {
  const { client, clock, logger, agentId, handler, signal } = options;
  const filters = { type: ['container'], label: [agentFilter(agentId)], event: actions };
  for (;;) {
    try {
      for await (const event of client.events(filters, signal)) {
        const podUid = event.Actor.Attributes[labels.podUid];
        const action = actions.find((known) => known === event.Action);
        if (podUid && action) handler({ action, containerId: event.Actor.ID, podUid });
      }
    } catch (error) {
      logger.debug('lost the events of the container engine', { error });
    }
    if (await clock.sleep(retryMs, signal).then(() => false, () => true)) return;
  }
}
