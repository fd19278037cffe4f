/**
 * The store as one version of a custom kind sees it. Objects lie in the store in the version that was the storage version
 * when they were written; they come out in this version, pruned and with defaults, and go in as the storage version. What
 * comes out is made once for each stored object; nearly always it is the stored object itself.
 */
import type { KubernetesObject } from '../../api/meta.ts';
import { deepFreeze } from '../storage/deep-freeze.ts';
import type { ListOptions, ListPage, Mutation, Revision, Storage, StorageEvent, StorageWatcher, StoredObject } from '../storage/storage.ts';

export interface StorageForm {
  /** From the store: the version and the schema of the reader. Must not change what it is given. */
  read(stored: KubernetesObject): KubernetesObject;
  /** For the store. */
  write(object: KubernetesObject): KubernetesObject;
  /** What lies in the store was written before the storage version was what it is. */
  isStale(stored: KubernetesObject): boolean;
}

export class CustomStorage implements Storage {
  private readonly storage: Storage;
  private readonly form: StorageForm;
  private readonly known = new WeakMap<KubernetesObject, KubernetesObject>();

  constructor(storage: Storage, form: StorageForm) {
    this.storage = storage;
    this.form = form;
  }

  get revision(): Revision {
    return this.storage.revision;
  }

  get(key: string): StoredObject | undefined {
    const stored = this.storage.get(key);
    return stored && this.shown(stored);
  }

  list(prefix: string, options?: ListOptions): ListPage {
    const page = this.storage.list(prefix, options);
    return { ...page, items: page.items.map((stored) => this.shown(stored)) };
  }

  async commit(mutations: readonly Mutation[]): Promise<(StoredObject | undefined)[]> {
    const written = await this.storage.commit(mutations.map((mutation) => ({ ...mutation, object: mutation.object && this.form.write(mutation.object) })));
    return written.map((stored) => stored && this.shown(stored));
  }

  watch(prefix: string, since: Revision, watcher: StorageWatcher): () => void {
    return this.storage.watch(prefix, since, {
      events: (events) => watcher.events(events.map((event) => this.shownEvent(event))),
      closed: (error) => watcher.closed(error),
    });
  }

  /** The store is not this view's to close. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  private shown(stored: StoredObject): StoredObject {
    const object = this.read(stored.object);
    if (this.form.isStale(stored.object)) return { ...stored, object, stale: true };
    return object === stored.object ? stored : { ...stored, object };
  }

  private shownEvent(event: StorageEvent): StorageEvent {
    const object = this.read(event.object);
    const previous = event.previous && this.read(event.previous);
    return object === event.object && previous === event.previous ? event : { ...event, object, ...(previous ? { previous } : {}) };
  }

  private read(stored: KubernetesObject): KubernetesObject {
    const known = this.known.get(stored);
    if (known) return known;
    const object = this.form.read(stored);
    if (object !== stored) deepFreeze(object);
    this.known.set(stored, object);
    return object;
  }
}
