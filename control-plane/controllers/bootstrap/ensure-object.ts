/** Create an object, or bring the part of it that matters up to date. */
import { isAlreadyExists, isNotFound } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { ResourceClient } from '../../../machinery/client.ts';

/**
 * Idempotent; writes nothing when the object is as wanted.
 * @param isWanted whether the present object will do.
 * @param change brings a private copy of the present object up to date.
 */
export async function ensureObject<T extends KubernetesObject>(
  client: ResourceClient<T>, wanted: T, isWanted: (present: T) => boolean, change: (copy: T) => T,
): Promise<void> {
  const { name = '', namespace } = wanted.metadata ?? {};
  try {
    const present = await client.get(name, namespace);
    if (isWanted(present)) return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    try {
      await client.create(wanted);
      return;
    } catch (failure) {
      if (!isAlreadyExists(failure)) throw failure;
    }
  }
  await client.modify(name, namespace, (copy) => (isWanted(copy) ? undefined : change(copy)));
}
