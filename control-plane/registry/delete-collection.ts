/** DELETE of a collection: each listed object by itself, a few at a time. */
import { isNotFound } from '../../api/errors.ts';
import type { KubernetesObject, ObjectList } from '../../api/meta.ts';
import type { ListQuery } from './registry.ts';

/** Enough to fill a group commit, few enough not to crowd out other writers. */
const concurrency = 16;

export interface CollectionVerbs<T extends KubernetesObject> {
  list(query: ListQuery): ObjectList<T> | Promise<ObjectList<T>>;
  remove(object: T): Promise<unknown>;
}

/** @returns what was listed. @throws StatusError: the first deletion that failed; later ones are not begun then. */
export async function deleteCollection<T extends KubernetesObject>(verbs: CollectionVerbs<T>, query: ListQuery): Promise<ObjectList<T>> {
  const listed = await verbs.list(query);
  const queue = listed.items.values();
  const work = async (): Promise<void> => {
    for (const object of queue) {
      try {
        await verbs.remove(object);
      } catch (error) {
        // Someone else was quicker.
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return listed;
}
