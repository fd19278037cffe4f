/**
 * Writes Secrets and rotates their keys until it is killed. Arguments: directory of the database, key file. Every
 * acknowledgement is a line on stdout: `ack NAME STEP`, `rotated`.
 */
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { LevelStore } from '../../storage/level/level-store.ts';
import { KeyRing } from '../key-ring.ts';
import { createRecordEncryption } from '../record-encryption.ts';

const names = ['a', 'b', 'c', 'd'];

async function write(store: LevelStore, name: string): Promise<never> {
  const key = `core/secrets/default/${name}`;
  for (let step = 1; ; step++) {
    const previous = store.get(key);
    const count = Number((previous?.object as { data?: { step: string } } | undefined)?.data?.step ?? 0) + 1;
    await store.commit([{ key, expected: previous?.revision ?? 0, durable: true, object: { metadata: { name, namespace: 'default' }, data: { step: String(count), value: `plain-secret-${name}` } } as object }]);
    process.stdout.write(`ack ${name} ${count}\n`);
  }
}

async function rotate(store: LevelStore): Promise<never> {
  for (;;) {
    await store.rotateEncryption(silentLogger);
    process.stdout.write('rotated\n');
  }
}

async function run([directory = '', keyFile = '']: readonly string[]): Promise<void> {
  const encryption = createRecordEncryption(await KeyRing.load(keyFile), ['secrets']);
  const store = await LevelStore.open({ directory, clock: systemClock, logger: silentLogger, encryption, revisionBlock: 64 });
  process.stdout.write('open\n');
  await Promise.all([...names.map((name) => write(store, name)), rotate(store)]);
}

run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
