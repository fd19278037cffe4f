/**
 * One encrypted record: `enc1:<key id>:<wrapped data key>:<content>`, the last two base64 of nonce, AES-256-GCM ciphertext and
 * tag. Each record has a data key of its own, wrapped with a key-encryption key. Both bind the storage key (associated data),
 * so a record that is put under another key does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { EncryptionKey } from './key-ring.ts';

const prefix = 'enc1:';
const nonceBytes = 12;
const tagBytes = 16;

export function isEnvelope(text: string): boolean {
  return text.startsWith(prefix);
}

/** The id of the key that opens it. */
export function envelopeKeyId(envelope: string): string {
  return envelope.slice(prefix.length, envelope.indexOf(':', prefix.length));
}

export function sealEnvelope(key: EncryptionKey, storageKey: string, text: string): string {
  const dataKey = randomBytes(32);
  const wrapped = seal(key.bytes, `${storageKey}\0${key.id}`, dataKey);
  const content = seal(dataKey, storageKey, Buffer.from(text, 'utf8'));
  dataKey.fill(0);
  return `${prefix}${key.id}:${wrapped}:${content}`;
}

/** @throws Error when it was changed, or belongs to another storage key. */
export function openEnvelope(key: EncryptionKey, storageKey: string, envelope: string): string {
  const [wrapped = '', content = ''] = envelope.slice(prefix.length + key.id.length + 1).split(':');
  const dataKey = open(key.bytes, `${storageKey}\0${key.id}`, wrapped);
  try {
    return open(dataKey, storageKey, content).toString('utf8');
  } finally {
    dataKey.fill(0);
  }
}

function seal(key: Buffer, associated: string, data: Buffer): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(associated, 'utf8'));
  return Buffer.concat([nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

function open(key: Buffer, associated: string, sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < nonceBytes + tagBytes) throw new Error('its encrypted content is cut off');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(associated, 'utf8'));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)), decipher.final()]);
  } catch (error) {
    throw new Error('its encrypted content does not open: it was changed, or belongs elsewhere', { cause: error });
  }
}
