/**
 * The record of the cluster behind one interface. LevelStore implements it; a second driver (replicated) is to follow, so
 * every implementation passes testing/storage-contract.ts.
 *
 * Keys are `<group or core>/<plural>/<namespace>/<name>`, namespace empty for cluster-scoped kinds (keys.ts). Values are
 * decoded, deeply frozen Kubernetes objects whose metadata.resourceVersion is the revision that wrote them.
 *
 * INVARIANTS
 * - There is one revision counter. It only goes up, also across a crash, also for writes that were never on disk.
 * - A commit resolves after its durable mutations are fsynced; readers and watchers see them at that moment, not before.
 * - Watchers see every revision once, in order, synchronously.
 * - Volatile mutations (heartbeats, events) are in memory only: after a restart the last durable state is back.
 */
import type { KubernetesObject } from '../../api/meta.ts';

/** A safe integer; 0 is before everything. */
export type Revision = number;

export interface StoredObject<T extends KubernetesObject = KubernetesObject> {
  readonly key: string;
  readonly object: T;
  /** The revision of the last write, also in object.metadata.resourceVersion. */
  readonly revision: Revision;
  /** It lies in the store in a form that a write would not choose today, so that writing it again unchanged is worth it. */
  readonly stale?: boolean;
}

export interface Mutation {
  key: string;
  /** Revision the key must have now; 0: it must not exist. */
  expected: Revision;
  /** The new object, or undefined to delete the key. The store adds metadata.resourceVersion and freezes it. */
  object: KubernetesObject | undefined;
  /** false: memory only (see INVARIANTS). */
  durable: boolean;
}

export interface StorageEvent {
  type: 'put' | 'delete';
  key: string;
  revision: Revision;
  /** The new object; for a deletion the last state, with resourceVersion set to the deletion's revision. */
  object: KubernetesObject;
  /** The object before, absent when this created it. */
  previous?: KubernetesObject;
}

export interface StorageWatcher {
  /** Events of one commit, in order. Must not throw and must not block. */
  events(events: readonly StorageEvent[]): void;
  /** The store is closing or cut this watcher off. */
  closed(error: Error): void;
}

export interface ListOptions {
  /** Read as of this revision. Default: now. */
  at?: Revision;
  /** Only keys greater than this one. */
  after?: string;
  limit?: number;
}

export interface ListPage {
  items: StoredObject[];
  /** The revision this page shows. */
  revision: Revision;
  /** Entries after this page, 0 when it is the last. */
  remaining: number;
}

export interface Storage {
  /** The newest revision readers can see. */
  readonly revision: Revision;
  get(key: string): StoredObject | undefined;
  /**
   * Entries whose key starts with prefix, in key order.
   * @throws RevisionExpiredError when `at` is older than the kept history.
   */
  list(prefix: string, options?: ListOptions): ListPage;
  /**
   * All mutations or none, under one new revision each.
   * @returns the stored objects, undefined for deletions, in the order given.
   * @throws KeyConflictError when an expectation does not hold; by then every earlier write of that key is visible, so a
   *   reader that tries again makes progress.
   * @throws StorageFailedError when the disk refused; nothing was changed.
   */
  commit(mutations: readonly Mutation[]): Promise<(StoredObject | undefined)[]>;
  /**
   * Delivers everything under prefix after revision `since`, first what is in the history (synchronously), then live.
   * @returns stops it.
   * @throws RevisionExpiredError when `since` is older than the kept history.
   */
  watch(prefix: string, since: Revision, watcher: StorageWatcher): () => void;
  /** Finishes accepted commits, closes watchers, releases the disk. */
  close(): Promise<void>;
}

export class KeyConflictError extends Error {
  readonly key: string;
  /** What the key has now, undefined when it does not exist. */
  readonly current: StoredObject | undefined;

  constructor(key: string, current: StoredObject | undefined) {
    super(`conflict on ${key}`);
    this.name = 'KeyConflictError';
    this.key = key;
    this.current = current;
  }
}

export class RevisionExpiredError extends Error {
  readonly requested: Revision;
  readonly oldest: Revision;

  constructor(requested: Revision, oldest: Revision) {
    super(`too old resource version: ${requested} (${oldest})`);
    this.name = 'RevisionExpiredError';
    this.requested = requested;
    this.oldest = oldest;
  }
}

export class StorageFailedError extends Error {
  constructor(message: string, options: { cause: unknown }) {
    super(message, options);
    this.name = 'StorageFailedError';
  }
}
