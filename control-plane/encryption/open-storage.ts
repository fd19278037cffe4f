/** The store of a data directory, encrypted as its options say. */
import { join } from 'node:path';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { LevelStore } from '../storage/level/level-store.ts';
import { KeyRing } from './key-ring.ts';
import { createRecordEncryption } from './record-encryption.ts';

export interface StorageOptions {
  dataDir: string;
  /** Default: secrets. */
  encryptResources?: readonly string[];
  /** Default: in the data directory. */
  encryptionKeyFile?: string | undefined;
}

/** @throws EncryptionKeyError, StorageDamagedError, StorageUnavailableError. */
export async function openStorage(options: StorageOptions, { clock, logger }: { clock: Clock; logger: Logger }): Promise<LevelStore> {
  const ring = await KeyRing.load(options.encryptionKeyFile ?? join(options.dataDir, 'server', 'pki', 'encryption-keys.json'));
  const encryption = createRecordEncryption(ring, options.encryptResources ?? ['secrets']);
  return LevelStore.open({ directory: join(options.dataDir, 'server', 'db'), clock, logger, encryption });
}
