/** Encrypted records on a real disk: nothing plain in any file, keys that are missing or wrong, rotation, kills during it. */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../machinery/clock.ts';
import { silentLogger } from '../../../../machinery/logger.ts';
import { EncryptionKeyError, KeyRing } from '../../../encryption/key-ring.ts';
import { createRecordEncryption } from '../../../encryption/record-encryption.ts';
import { LevelStore } from '../../level/level-store.ts';
import { encodeRecord } from '../../level/record.ts';

const root = join(import.meta.dirname, '../../../..');
const plain = 'correct horse battery staple';
const secretKey = 'core/secrets/default/a';

describe('records at rest', () => {
  let directory: string;
  let database: string;
  let keyFile: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bramble-encryption-'));
    database = join(directory, 'db');
    keyFile = join(directory, 'pki', 'encryption-keys.json');
  });
  afterEach(() => rm(directory, { recursive: true }));

  const open = async (resources: readonly string[] = ['secrets'], file = keyFile): Promise<LevelStore> =>
    LevelStore.open({ directory: database, clock: systemClock, logger: silentLogger, encryption: createRecordEncryption(await KeyRing.load(file), resources) });
  const openPlain = (): Promise<LevelStore> => LevelStore.open({ directory: database, clock: systemClock, logger: silentLogger });
  const put = (store: LevelStore, key: string, value: string) =>
    store.commit([{ key, expected: store.get(key)?.revision ?? 0, durable: true, object: { metadata: { name: 'a', namespace: 'default' }, data: { value } } as object }]);
  const read = (store: LevelStore, key = secretKey): unknown => (store.get(key)?.object as { data?: { value: string } } | undefined)?.data?.value;
  const filesWith = async (text: string): Promise<string[]> => {
    const names = await readdir(database);
    const found = await Promise.all(names.map(async (name) => (await readFile(join(database, name))).includes(text)));
    return names.filter((_name, index) => found[index]);
  };
  const failure = async (attempt: Promise<unknown>): Promise<Error> => attempt.then(() => { throw new Error('expected a failure'); }, (error: unknown) => error as Error);

  it('are encrypted from the first write on, with a key only its owner reads', async () => {
    const store = await open();
    await put(store, secretKey, plain);
    await put(store, 'core/configmaps/default/a', 'not a secret');
    await store.close();
    expect(await filesWith(plain)).toEqual([]);
    expect(await filesWith('not a secret')).not.toEqual([]);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    const again = await open();
    expect([read(again), read(again, 'core/configmaps/default/a')]).toEqual([plain, 'not a secret']);
    await again.close();
  });

  it('are encrypted at the first start where they were plain, and leave no plain bytes behind', async () => {
    const before = await openPlain();
    await put(before, secretKey, 'an older value');
    await put(before, secretKey, plain);
    await before.close();
    expect(await filesWith(plain)).not.toEqual([]);
    const store = await open();
    expect([read(store), await filesWith(plain), await filesWith('an older value')]).toEqual([plain, [], []]);
    await store.close();
  });

  it('become plain again where the kind is not named any more', async () => {
    const store = await open(['secrets', 'configmaps']);
    await put(store, 'core/configmaps/default/a', plain);
    await store.close();
    await (await open(['secrets'])).close();
    const again = await open(['secrets']);
    expect([read(again, 'core/configmaps/default/a'), await filesWith(plain)]).toEqual([plain, expect.arrayContaining([expect.any(String)])]);
    await again.close();
  });

  it('keep a cluster from starting with a missing or a wrong key, and change nothing then', async () => {
    const store = await open();
    await put(store, secretKey, plain);
    await store.close();
    const kept = join(directory, 'kept.json');
    await cp(keyFile, kept);
    await rm(keyFile);
    const missing = await failure(open());
    expect(missing).toBeInstanceOf(EncryptionKeyError);
    expect(missing.message).toMatch(/encrypted with the key [0-9a-f]{16}, but there are no keys in .*encryption-keys\.json\. Put the file back from a backup/);
    await expect(stat(keyFile)).rejects.toThrow('ENOENT');
    const other = await KeyRing.load(keyFile);
    await other.add();
    expect((await failure(open())).message).toContain('that key is not among those in');
    await cp(kept, keyFile);
    const again = await open();
    expect(read(again)).toBe(plain);
    await again.close();
  });

  it('cannot be put in each other\'s place', async () => {
    const store = await open();
    await put(store, secretKey, plain);
    await store.close();
    const level = new Level(database);
    const record = (await level.get(secretKey));
    const other = 'core/secrets/default/b';
    await level.put(other, encodeRecord(other, record.slice(9)));
    await level.close();
    expect((await failure(open())).message).toContain('core/secrets/default/b (its encrypted content does not open: it was changed, or belongs elsewhere)');
  });

  it('are rewritten with a new key while others write, and the old key is forgotten', async () => {
    const store = await open();
    const key = (index: number): string => `core/secrets/default/s${index}`;
    await Promise.all(Array.from({ length: 250 }, (_, index) => put(store, key(index), `value ${index}`)));
    const oldKeys = await readFile(keyFile, 'utf8');
    const revision = store.revision;
    const rotation = store.rotateEncryption(silentLogger);
    await put(store, key(7), 'changed meanwhile');
    expect(await rotation).toBe(250);
    expect(store.revision).toBe(revision + 1);
    await store.close();
    const ring = await KeyRing.load(keyFile);
    expect([ring.size, oldKeys.includes(ring.current!.id)]).toEqual([1, false]);
    const oldId = (JSON.parse(oldKeys) as { keys: { id: string }[] }).keys[0]!.id;
    expect(await filesWith(oldId)).toEqual([]);
    const again = await open();
    expect([read(again, key(7)), read(again, key(8)), read(again, key(249))]).toEqual(['changed meanwhile', 'value 8', 'value 249']);
    await again.close();
  });

  it('survive kills at any moment of a rotation', async () => {
    const program = join(directory, 'child.cjs');
    await build({
      entryPoints: [join(root, 'control-plane/encryption/testing/rotation-child.ts')],
      bundle: true, platform: 'node', format: 'cjs', packages: 'external', outfile: program, logLevel: 'error',
    });
    let acknowledged = new Map<string, number>();
    let rotations = 0;
    for (let life = 0; life < 20; life++) {
      const output = await liveOnce(program, [database, keyFile], 15 + life * 7);
      for (const line of output.split('\n').slice(0, -1)) {
        const [kind, name = '', step] = line.split(' ');
        if (kind === 'rotated') rotations += 1;
        if (kind === 'ack') acknowledged = acknowledged.set(name, Number(step));
      }
      const store = await open();
      for (const [name, step] of acknowledged) {
        const data = (store.get(`core/secrets/default/${name}`)?.object as unknown as { data: { step: string; value: string } }).data;
        expect(Number(data.step)).toBeGreaterThanOrEqual(step);
        expect(data.value).toBe(`plain-secret-${name}`);
      }
      expect((await KeyRing.load(keyFile)).size).toBe(1);
      await store.close();
      expect(await filesWith('plain-secret-')).toEqual([]);
    }
    expect(acknowledged.size).toBe(4);
    expect(rotations).toBeGreaterThan(0);
  }, 60_000);
});

/** Kills the child some time after its first acknowledgement. */
async function liveOnce(program: string, args: readonly string[], killAfterMs: number): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, NODE_PATH: join(root, 'node_modules') }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let failed = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes('ack')) timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  child.stderr.on('data', (chunk: Buffer) => { failed += chunk.toString(); });
  const signal = await new Promise((resolve) => child.on('close', (_code, received) => { resolve(received); }));
  expect(`${String(signal)} ${failed}`).toBe('SIGKILL ');
  return output;
}
