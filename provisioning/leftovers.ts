/** Processes that an earlier run left behind: it was killed, or its children have not ended yet. */
import { join } from 'node:path';
import { systemClock } from '../machinery/clock.ts';
import { dataPaths } from './paths.ts';
import { endProcess, removeProcessFile, runningProcess } from './process-file.ts';
import type { Progress } from './progress.ts';

/** In the order in which they are ended: whoever would start others again goes first. */
const parts = ['proxy', 'agent', 'server'] as const;
/** Longer than a part takes to stop by itself. */
const graceMs = 20_000;

/** Ends what still runs of the parts and of nats-server. `bramble up` must not run. Idempotent. */
export async function endLeftovers(dataDir: string, progress: Progress): Promise<void> {
  for (const part of parts) {
    const file = join(dataPaths(dataDir).runDir, `${part}.json`);
    const pid = runningProcess(file);
    if (pid !== undefined) await progress.step(`end ${part} of an earlier run`, () => endProcess(pid, () => runningProcess(file) !== undefined, graceMs));
    removeProcessFile(file);
  }
  const { endStaleNatsServer, findStaleNatsServer } = await import('../control-plane/nats-server/stale-process.ts');
  const directory = join(dataDir, 'server', 'nats');
  const pid = await findStaleNatsServer(directory);
  if (pid !== undefined) await progress.step('end nats-server of an earlier run', () => endStaleNatsServer(pid, directory, systemClock));
}
