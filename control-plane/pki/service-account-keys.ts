/** The keys of service account tokens: `sa.key` signs; `sa.pub`, where somebody put more public keys, verifies older tokens. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from './atomic-file.ts';
import { PkiError } from './ensure-pki.ts';

export interface TokenKey {
  /** base64url of the SHA-256 of the public key, as in Kubernetes. */
  id: string;
  algorithm: 'ES256' | 'RS256';
  publicKey: KeyObject;
}

export interface ServiceAccountKeys {
  signing: TokenKey & { privateKey: KeyObject };
  /** Those that verify; the signing one first. */
  verifying: readonly TokenKey[];
}

/**
 * Makes the key at the first start. Elliptic: a Pi signs with it in well under a millisecond.
 * @throws PkiError when a file is there that is no key.
 */
export async function ensureServiceAccountKeys(directory: string): Promise<ServiceAccountKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'sa.key');
  const existing = await readIfThere(path);
  const pem = existing ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (existing === undefined) await writeFileAtomic(path, pem, 0o600);
  const privateKey = parse(path, () => createPrivateKey(pem));
  const signing = { ...describe(path, createPublicKey(privateKey)), privateKey };
  const older = await readIfThere(join(directory, 'sa.pub')) ?? '';
  const others = (older.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [])
    .map((text) => describe('sa.pub', parse(join(directory, 'sa.pub'), () => createPublicKey(text))))
    .filter((key) => key.id !== signing.id);
  return { signing, verifying: [signing, ...others] };
}

function describe(path: string, publicKey: KeyObject): TokenKey {
  const algorithm = publicKey.asymmetricKeyType === 'rsa' ? 'RS256' : publicKey.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
  if (!algorithm) throw new PkiError(`${path} holds a key that cannot sign tokens; RSA and P-256 keys can`);
  const id = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64url');
  return { id, algorithm, publicKey };
}

function parse(path: string, read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (error) {
    throw new PkiError(`${path} holds no usable key; restore it from a backup, or remove it to make a new one (every service account token must then be issued anew)`, { cause: error });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PkiError(`cannot read ${path}`, { cause: error });
  }
}
