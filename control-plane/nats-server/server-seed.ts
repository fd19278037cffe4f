import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../pki/atomic-file.ts';
import { newSeed } from './board-registry.ts';

/** The nkey seed of the control plane, made at the first start. An external nats-server is told its public part once. */
export async function ensureServerSeed(path: string): Promise<string> {
  try {
    const seed = (await readFile(path, 'utf8')).trim();
    if (seed !== '') return seed;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const seed = newSeed();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, `${seed}\n`, 0o600);
  return seed;
}
