/**
 * A local, always fresh view of one kind: list, then watch, again after every break. Handlers are hints to look; the
 * truth is in get() and list(). Objects are shared with the store: never mutate them.
 */
import type { KubernetesObject } from '../api/meta.ts';

export interface InformerHandler<T extends KubernetesObject> {
  added(object: T): void;
  updated(previous: T, current: T): void;
  deleted(object: T): void;
}

/** The values under which an object is found by byIndex. */
export type IndexFunction<T extends KubernetesObject> = (object: T) => readonly string[];

export interface Informer<T extends KubernetesObject> {
  /** Begins listing and watching until the signal aborts. */
  start(signal: AbortSignal): void;
  /** Resolves after the first complete list was delivered to the handlers. */
  synced(): Promise<void>;
  /** @param key `namespace/name`, or `name` for a cluster-scoped kind. */
  get(key: string): T | undefined;
  list(namespace?: string): T[];
  /** Must be called before start. */
  addIndex(name: string, index: IndexFunction<T>): void;
  byIndex(name: string, value: string): T[];
  /** A handler added late first gets `added` for everything that is there. */
  addHandler(handler: InformerHandler<T>): void;
}
