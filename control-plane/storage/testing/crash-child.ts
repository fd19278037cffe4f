/**
 * Writes until it is killed. Arguments: directory, writers, first step. Every acknowledgement is a line on stdout, in the
 * pipe before the next step begins: `open REVISION`, `ack WRITER STEP REVISION...`.
 */
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { LevelStore } from '../level/level-store.ts';
import { mutationsOf, readState, step } from './crash-workload.ts';

async function write(store: LevelStore, writer: number, first: number): Promise<never> {
  for (let n = first; ; n++) {
    const changes = step(readState((key) => store.get(key), writer), n);
    const stored = await store.commit(mutationsOf(changes, writer, (key) => store.get(key)?.revision ?? 0));
    process.stdout.write(`ack ${writer} ${n} ${stored.map((one) => one?.revision ?? 0).join(' ')}\n`);
  }
}

async function run([directory = '', writers = '1', first = '0']: readonly string[]): Promise<void> {
  const store = await LevelStore.open({ directory, clock: systemClock, logger: silentLogger, revisionBlock: 64 });
  process.stdout.write(`open ${store.revision}\n`);
  await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(store, writer, Number(first))));
}

run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
