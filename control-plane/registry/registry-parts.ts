/** What the verbs of the registry share. */
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Admission, AdmissionAttributes } from '../admission/admission.ts';
import { newInternalError } from '../../api/errors.ts';
import { storageKey } from '../storage/keys.ts';
import { StorageFailedError } from '../storage/storage.ts';
import type { Mutation, Storage, StoredObject } from '../storage/storage.ts';
import type { KeyTurns } from './key-turns.ts';
import type { Randomness } from './randomness.ts';
import type { RequestContext } from './registry.ts';

export interface RegistryParts {
  storage: Storage;
  clock: Clock;
  random: Randomness;
  logger: Logger;
  admission: Admission;
  turns: KeyTurns;
  /**
   * Namespaces whose deletion is accepted but not yet visible in the store. Without it, an object created in that moment
   * would become visible after the namespace controller looked for content, and outlive its namespace.
   */
  closingNamespaces: Set<string>;
}

export function getStored<T extends KubernetesObject>(
  parts: Pick<RegistryParts, 'storage'>, resource: Resource<T>, namespace: string | undefined, name: string,
): StoredObject<T> | undefined {
  return parts.storage.get(storageKey(resource, namespace, name)) as StoredObject<T> | undefined;
}

/**
 * @returns what is stored, undefined for a deletion.
 * @throws KeyConflictError; StatusError InternalError when the disk refused.
 */
export async function commitOne(parts: RegistryParts, mutation: Mutation): Promise<StoredObject | undefined> {
  try {
    const [stored] = await parts.storage.commit([mutation]);
    return stored;
  } catch (error) {
    if (!(error instanceof StorageFailedError)) throw error;
    parts.logger.error('the storage refused a write', { key: mutation.key, error });
    throw newInternalError(`the storage refused the write: ${isFull(error) ? "the control plane's disk is full; nothing was changed, free some space" : "the control plane's disk gave an error, which is in its log; nothing was changed"}`, error);
  }
}

/** LevelDB gives the operating system's words. */
function isFull(error: StorageFailedError): boolean {
  return /ENOSPC|no space left/i.test(error.message) || (error.cause instanceof Error && /ENOSPC|no space left/i.test(error.cause.message));
}

const noAdmission: Admission = { admit: () => Promise.resolve(), review: () => undefined, validate: () => undefined };

/** Whom a write has to ask. */
export function admissionOf({ admission }: Pick<RegistryParts, 'admission'>, context: RequestContext): Admission {
  return context.admitted ? noAdmission : admission;
}

/** The admission attributes that every verb has in common. */
export function attributesOf(
  context: RequestContext, about: Omit<AdmissionAttributes, 'context' | 'user' | 'dryRun'>,
): AdmissionAttributes {
  return { ...about, context, user: context.user, dryRun: context.dryRun };
}
