/** Turns events of the engine into hints to look at a pod. */
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { DockerClient } from './docker-client.ts';
import { agentFilter, labels } from './labels.ts';

export interface EngineWatchOptions {
  client: DockerClient;
  clock: Clock;
  logger: Logger;
  agentId: string;
  handler: (podUid: string) => void;
  signal: AbortSignal;
}

/** Ends only; what the agent starts itself it knows already. */
const actions = ['die', 'oom', 'destroy'];
const retryMs = 1_000;

/** Listens until the signal aborts, connecting again after every break; breaks are made good by the periodic relist. */
export async function watchEngine(options: EngineWatchOptions): Promise<void> {
  const { client, clock, logger, agentId, handler, signal } = options;
  const filters = { type: ['container'], label: [agentFilter(agentId)], event: actions };
  for (;;) {
    try {
      for await (const event of client.events(filters, signal)) {
        const uid = event.Actor.Attributes[labels.podUid];
        if (uid) handler(uid);
      }
    } catch (error) {
      logger.debug('lost the events of the container engine', { error });
    }
    if (await clock.sleep(retryMs, signal).then(() => false, () => true)) return;
  }
}
