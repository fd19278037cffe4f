/** The serving copy: every object as readers see it now, in key order, with the recent past. Knows nothing of disks. */
import type { KubernetesObject } from '../../api/meta.ts';
import { deepFreeze, estimateBytes } from './deep-freeze.ts';
import { History, type HistoryLimits } from './history.ts';
import { inOrder, KeyIndex } from './key-index.ts';
import type { ListOptions, ListPage, Revision, StorageEvent, StoredObject } from './storage.ts';

/** A mutation that was accepted: frozen and with its revision. */
export interface Change {
  key: string;
  revision: Revision;
  /** Frozen, with resourceVersion; undefined deletes. */
  object: KubernetesObject | undefined;
  /** Goes to the disk. */
  durable: boolean;
  /** Estimated memory of this version. */
  bytes: number;
}

export class ObjectTable {
  private readonly objects = new Map<string, StoredObject>();
  private readonly keys = new KeyIndex();
  private readonly history: History;
  /**
   * What the disk has for keys where it differs from `objects` (memory-only writes): the last durable object, or undefined
   * when the disk has none.
   */
  private readonly shadowed = new Map<string, KubernetesObject | undefined>();
  private visible: Revision;

  /** @param loaded what the disk has, quickest in key order. */
  constructor(start: Revision, limits: HistoryLimits, loaded: Iterable<StoredObject> = []) {
    this.visible = start;
    this.history = new History(start, limits);
    for (const stored of loaded) {
      this.objects.set(stored.key, stored);
      this.keys.add(stored.key);
    }
  }

  get revision(): Revision {
    return this.visible;
  }

  get(key: string): StoredObject | undefined {
    return this.objects.get(key);
  }

  /** What the disk has for the key. */
  durable(key: string): KubernetesObject | undefined {
    return this.shadowed.has(key) ? this.shadowed.get(key) : this.objects.get(key)?.object;
  }

  /** As Storage.list. A revision that is not reached yet counts as now. */
  list(prefix: string, { at, after, limit }: ListOptions): ListPage {
    if (at !== undefined && at < this.visible) return this.listPast(prefix, at, after, limit);
    const { keys, from, to } = this.keys.range(prefix, after);
    const end = limit === undefined ? to : Math.min(to, from + limit);
    const items: StoredObject[] = [];
    for (let index = from; index < end; index++) items.push(this.objects.get(keys[index]!)!);
    return { items, revision: this.visible, remaining: to - end };
  }

  /** Events under prefix after the revision, oldest first. @throws RevisionExpiredError */
  eventsSince(prefix: string, revision: Revision): StorageEvent[] {
    const found: StorageEvent[] = [];
    for (const event of this.history.since(revision)) {
      if (event.key.startsWith(prefix)) found.push(event);
    }
    return found;
  }

  /** Makes one change visible. Changes must come in order of revision. @returns undefined when there was nothing to delete. */
  apply(change: Change): StorageEvent | undefined {
    const { key, revision, object, bytes } = change;
    const previous = this.objects.get(key)?.object;
    this.noteDurable(change);
    this.visible = revision;
    if (object) {
      this.objects.set(key, { key, object, revision });
      if (!previous) this.keys.add(key);
    } else {
      this.objects.delete(key);
      this.keys.delete(key);
    }
    const event = eventOf(change, previous);
    // The history alone keeps a deleted object alive; of a changed one it keeps about as much as the change brought.
    if (event) this.history.append(event, eventOverhead + (object ? bytes : estimateBytes(previous)));
    return event;
  }

  private noteDurable({ key, object, durable }: Change): void {
    if (durable || !object) this.shadowed.delete(key);
    else if (!this.shadowed.has(key)) this.shadowed.set(key, this.objects.get(key)?.object);
  }

  /** Undoes the history on a copy of the wanted part. */
  private listPast(prefix: string, at: Revision, after: string | undefined, limit: number | undefined): ListPage {
    /** Keys written since: how they were. */
    const past = new Map<string, KubernetesObject | undefined>();
    for (const event of this.history.backTo(at)) {
      if (event.key.startsWith(prefix) && (after === undefined || event.key > after)) past.set(event.key, event.previous);
    }
    const { keys, from, to } = this.keys.range(prefix, after);
    const deletedSince = [...past].filter(([key, object]) => object && !this.objects.has(key)).map(([key]) => key).sort(inOrder);
    const createdSince = [...past].filter(([key, object]) => !object && this.objects.has(key)).length;
    const total = to - from + deletedSince.length - createdSince;
    const items: StoredObject[] = [];
    for (const key of merge(keys, from, to, deletedSince)) {
      if (items.length === limit) break;
      const object = past.get(key);
      if (object) items.push({ key, object, revision: revisionOf(object) });
      else if (!past.has(key)) items.push(this.objects.get(key)!);
    }
    return { items, revision: at, remaining: total - items.length };
  }
}

/** Both sorted lists as one; they share no key. */
function* merge(keys: readonly string[], from: number, to: number, others: readonly string[]): Generator<string> {
  let next = 0;
  for (let index = from; index < to; index++) {
    const key = keys[index]!;
    while (next < others.length && others[next]! < key) yield others[next++]!;
    yield key;
  }
  while (next < others.length) yield others[next++]!;
}

function eventOf({ key, revision, object }: Change, previous: KubernetesObject | undefined): StorageEvent | undefined {
  if (object) return { type: 'put', key, revision, object, ...(previous ? { previous } : {}) };
  if (!previous) return undefined;
  const last = withRevision(previous, revision);
  deepFreeze(last);
  return { type: 'delete', key, revision, object: last, previous };
}

/** What one remembered event costs beside its object. */
const eventOverhead = 150;

/** A shallow copy that carries the revision. */
export function withRevision(object: KubernetesObject, revision: Revision): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** The revision that wrote a stored object. */
export function revisionOf(object: KubernetesObject): Revision {
  return Number(object.metadata?.resourceVersion);
}
