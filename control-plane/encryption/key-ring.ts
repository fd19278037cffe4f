/**
 * The key-encryption keys of a cluster in one file, the current one first. Older ones stay until nothing needs them any more.
 *
 * INVARIANTS
 * - The file is written atomically, mode 0600, before anything is encrypted with a key that is new in it.
 * - The name of a key follows from the key, so a wrong key is never taken for the right one.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../pki/atomic-file.ts';

export interface EncryptionKey {
  /** 16 hexadecimal digits, a hash of the key. */
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
}

/** Something stored cannot be read with the keys that are there. The message says what to do. */
export class EncryptionKeyError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EncryptionKeyError';
  }
}

const keyBytes = 32;

export function encryptionKey(bytes: Buffer): EncryptionKey {
  return { id: createHash('sha256').update('bramble encryption key\0').update(bytes).digest('hex').slice(0, 16), bytes };
}

export class KeyRing {
  readonly file: string;
  private keys: readonly EncryptionKey[];

  /** @param file need not exist: then there are no keys yet. @throws EncryptionKeyError when it cannot be read. */
  static async load(file: string): Promise<KeyRing> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new KeyRing(file, []);
      throw new EncryptionKeyError(`cannot read the encryption keys in ${file}: ${(error as Error).message}`, { cause: error });
    }
    const keys = parseKeys(text, file);
    await chmod(file, 0o600);
    return new KeyRing(file, keys);
  }

  /** For a database without encryption. */
  static readonly empty = new KeyRing('(none)', []);

  private constructor(file: string, keys: readonly EncryptionKey[]) {
    this.file = file;
    this.keys = keys;
  }

  /** What is written now is encrypted with. Undefined before the first start. */
  get current(): EncryptionKey | undefined {
    return this.keys[0];
  }

  get size(): number {
    return this.keys.length;
  }

  find(id: string): EncryptionKey | undefined {
    return this.keys.find((key) => key.id === id);
  }

  /** Makes a new key the current one; it is on the disk when this resolves. */
  async add(): Promise<void> {
    await this.save([encryptionKey(randomBytes(keyBytes)), ...this.keys]);
  }

  /** Forgets all but the current one: nothing may be encrypted with them any more. */
  async dropOld(): Promise<void> {
    if (this.keys.length > 1) await this.save(this.keys.slice(0, 1));
  }

  private async save(keys: readonly EncryptionKey[]): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    const content = { keys: keys.map(({ id, bytes }) => ({ id, key: bytes.toString('base64') })) };
    await writeFileAtomic(this.file, `${JSON.stringify(content, undefined, 2)}\n`, 0o600);
    this.keys = keys;
  }
}

function parseKeys(text: string, file: string): EncryptionKey[] {
  const damaged = (why: string): EncryptionKeyError => new EncryptionKeyError(`the encryption keys in ${file} are damaged: ${why}. Restore the file from a backup`);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw damaged('it is no JSON');
  }
  const list = (content as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list) || list.length === 0) throw damaged('it holds no keys');
  return list.map((entry: unknown) => {
    const { id, key } = (entry ?? {}) as { id?: unknown; key?: unknown };
    if (typeof key !== 'string') throw damaged('an entry has no key');
    const found = encryptionKey(Buffer.from(key, 'base64'));
    if (found.bytes.length !== keyBytes) throw damaged(`a key has ${found.bytes.length} bytes instead of ${keyBytes}`);
    if (found.id !== id) throw damaged(`key ${String(id)} is not what it was`);
    return found;
  });
}
