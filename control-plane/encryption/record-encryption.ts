/** Which records are encrypted, and how they are read and written. Counterpart of k8s.io/apiserver/pkg/storage/value/encrypt. */
import { findResourceByName, type Encryptable } from './encrypted-resources.ts';
import { envelopeKeyId, isEnvelope, openEnvelope, sealEnvelope } from './envelope.ts';
import { EncryptionKeyError, type KeyRing } from './key-ring.ts';

/** What a store asks of encryption. */
export interface RecordEncryption {
  /** @returns what goes to the disk for this JSON. */
  seal(storageKey: string, json: string): string;
  /**
   * @returns the JSON. @throws EncryptionKeyError when the key is not there; Error when the record is damaged.
   */
  open(storageKey: string, text: string): string;
  /** Whether a record is as it would be written now. */
  isCurrent(storageKey: string, text: string): boolean;
  /** Before the first write: makes the first key. */
  prepare(): Promise<void>;
  /** Nothing is encrypted with older keys any more. */
  dropOldKeys(): Promise<void>;
  /** Encrypts with a new key from now on. */
  addKey(): Promise<void>;
  readonly hasOldKeys: boolean;
}

/** @param resources `secrets`, `widgets.example.com`. @throws RangeError for what cannot be encrypted. */
export function createRecordEncryption(ring: KeyRing, resources: readonly string[]): RecordEncryption {
  const prefixes = resources.map((name) => prefixOf(findResourceByName(name)));
  const isChosen = (storageKey: string): boolean => prefixes.some((prefix) => storageKey.startsWith(prefix));
  return {
    seal(storageKey, json) {
      if (!isChosen(storageKey)) return json;
      const { current } = ring;
      if (!current) throw new EncryptionKeyError(`there is no encryption key in ${ring.file}`);
      return sealEnvelope(current, storageKey, json);
    },
    open(storageKey, text) {
      if (!isEnvelope(text)) return text;
      const id = envelopeKeyId(text);
      const key = ring.find(id);
      if (!key) throw missingKey(ring, id);
      return openEnvelope(key, storageKey, text);
    },
    isCurrent(storageKey, text) {
      if (!isChosen(storageKey)) return !isEnvelope(text);
      return isEnvelope(text) && envelopeKeyId(text) === ring.current?.id;
    },
    async prepare() {
      if (!ring.current && prefixes.length > 0) await ring.add();
    },
    dropOldKeys: () => ring.dropOld(),
    addKey: () => ring.add(),
    get hasOldKeys() { return ring.size > 1; },
  };
}

function prefixOf({ group, plural }: Encryptable): string {
  return `${group || 'core'}/${plural}/`;
}

function missingKey(ring: KeyRing, id: string): EncryptionKeyError {
  const have = ring.size === 0 ? 'there are no keys in' : 'that key is not among those in';
  return new EncryptionKeyError(
    `Secrets in the database are encrypted with the key ${id}, but ${have} ${ring.file}. Put the file back from a backup of the same cluster `
    + `(or name another with --encryption-key-file); without the key the Secrets cannot be read. Nothing was changed`,
  );
}
