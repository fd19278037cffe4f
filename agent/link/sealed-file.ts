/**
 * A file that only this board can read: AES-256-GCM with a key derived from the board's nkey seed (HKDF-SHA256). A card
 * that is copied without its credentials gives nothing away; one that is changed is noticed.
 *
 *   "BRS1" | 12 bytes nonce | 16 bytes tag | ciphertext
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const magic = Buffer.from('BRS1');
const nonceBytes = 12;
const tagBytes = 16;

/** The file is not what this board wrote. */
export class SealError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SealError';
  }
}

/** @param purpose keeps keys of different files apart. */
export function sealingKey(seed: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', seed, '', `bramble ${purpose}`, 32));
}

export function seal(key: Buffer, plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(magic);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([magic, nonce, cipher.getAuthTag(), sealed]);
}

/** @throws SealError */
export function unseal(key: Buffer, data: Buffer): Buffer {
  const start = magic.length + nonceBytes + tagBytes;
  if (data.length < start || !data.subarray(0, magic.length).equals(magic)) throw new SealError('not a sealed file');
  const nonce = data.subarray(magic.length, magic.length + nonceBytes);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(magic).setAuthTag(data.subarray(start - tagBytes, start));
    return Buffer.concat([decipher.update(data.subarray(start)), decipher.final()]);
  } catch (error) {
    throw new SealError('sealed by another key, or damaged', { cause: error });
  }
}

/** @returns undefined when there is no file. @throws SealError, or the error of the file system. */
export async function readSealed(path: string, key: Buffer): Promise<Buffer | undefined> {
  let data: Buffer;
  try {
    data = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return unseal(key, data);
}

/** After this resolves the new content survives a power cut; before, the old one does. */
export async function writeSealed(path: string, key: Buffer, plain: Uint8Array): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `.${basename(path)}.new`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(seal(key, plain));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const parent = await open(directory, 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
