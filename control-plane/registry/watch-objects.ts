/** GET with `watch=1`: storage events → watch events, as the client's selector sees them. */
import { newExpired } from '../../api/errors.ts';
import type { KubernetesObject, WatchEvent } from '../../api/meta.ts';
import { apiVersionOf } from '../../api/resources.ts';
import type { Resource } from '../../api/resources.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import { RevisionExpiredError } from '../storage/storage.ts';
import type { Revision, Storage, StorageEvent } from '../storage/storage.ts';
import type { RegistryWatch, RegistryWatchSink, WatchQuery } from './registry.ts';
import { parseResourceVersion } from './resource-version.ts';
import { select } from './selection.ts';
import type { Selection } from './selection.ts';
import type { Strategy } from './strategy.ts';

/** How often a quiet watch learns how far it is. */
const bookmarkIntervalMs = 60_000;

const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' };

export interface WatchParts {
  storage: Storage;
  clock: Clock;
}

/**
 * Initial events come before this returns. A version that is too old gives an ERROR event with a 410 Status and the end.
 * @throws StatusError BadRequest for a bad version or field selector.
 */
export function watchObjects<T extends KubernetesObject>(
  parts: WatchParts, strategy: Strategy<T>, query: WatchQuery, sink: RegistryWatchSink,
): RegistryWatch {
  const selection = select(strategy, query);
  const wanted = parseResourceVersion(query.resourceVersion);
  const watch = new ObjectWatch(parts, strategy.resource, selection as Selection<KubernetesObject>, sink);
  watch.follow(beginning(watch, wanted, query, parts.storage.revision));
  if (query.allowWatchBookmarks) watch.bookmarkRegularly();
  return watch;
}

/** Sends the state where the watch begins with it. @returns the revision to go on from. */
function beginning(watch: ObjectWatch, wanted: Revision, query: WatchQuery, now: Revision): Revision {
  if (query.sendInitialEvents) {
    const since = watch.sendState();
    // Only clients that take bookmarks know what this one means.
    if (query.allowWatchBookmarks) watch.bookmark(initialEventsEnd);
    return since;
  }
  if (wanted !== 0) return wanted;
  return query.withoutInitialEvents ? now : watch.sendState();
}

class ObjectWatch implements RegistryWatch {
  private readonly parts: WatchParts;
  private readonly resource: Resource;
  private readonly selection: Selection<KubernetesObject>;
  private readonly sink: RegistryWatchSink;
  private ended = false;
  private unwatch: (() => void) | undefined;
  private timer: Timer | undefined;

  constructor(parts: WatchParts, resource: Resource, selection: Selection<KubernetesObject>, sink: RegistryWatchSink) {
    this.parts = parts;
    this.resource = resource;
    this.selection = selection;
    this.sink = sink;
  }

  /** @returns the revision that the state is of. */
  sendState(): Revision {
    const page = this.parts.storage.list(this.selection.prefix);
    for (const { object } of page.items) {
      if (this.ended) break;
      if (!this.selection.matches || this.selection.matches(object)) this.sink.event({ type: 'ADDED', object });
    }
    return page.revision;
  }

  follow(since: Revision): void {
    if (this.ended) return;
    try {
      // A client may come with a version that this server has not reached: it gets what is after that version.
      const unwatch = this.parts.storage.watch(this.selection.prefix, Math.min(since, this.parts.storage.revision), {
        events: (events) => this.deliver(events, since),
        closed: () => this.finish(),
      });
      // The sink may have stopped the watch at one of the events that came out of the history.
      if (this.hasEnded()) unwatch();
      else this.unwatch = unwatch;
    } catch (error) {
      if (!(error instanceof RevisionExpiredError)) throw error;
      this.sink.event({ type: 'ERROR', object: newExpired(error.message).status });
      this.finish();
    }
  }

  private hasEnded(): boolean {
    return this.ended;
  }

  private deliver(events: readonly StorageEvent[], since: Revision): void {
    for (const event of events) {
      if (this.ended) return;
      if (event.revision <= since) continue;
      const seen = this.selection.matches ? asSeen(event, this.selection.matches) : asIs(event);
      if (seen) this.sink.event(seen);
    }
  }

  bookmark(annotations?: Record<string, string>): void {
    if (this.ended) return;
    const metadata = { resourceVersion: String(this.parts.storage.revision), creationTimestamp: null, ...(annotations ? { annotations } : {}) };
    const object = { kind: this.resource.kind, apiVersion: apiVersionOf(this.resource), metadata } as unknown as KubernetesObject;
    this.sink.event({ type: 'BOOKMARK', object });
  }

  bookmarkRegularly(): void {
    if (this.ended) return;
    this.timer = this.parts.clock.after(bookmarkIntervalMs, () => {
      this.bookmark();
      this.bookmarkRegularly();
    });
  }

  private finish(): void {
    if (this.ended) return;
    this.stop();
    this.sink.closed();
  }

  stop(): void {
    this.ended = true;
    this.timer?.cancel();
    this.unwatch?.();
    this.unwatch = undefined;
  }
}

function asIs({ type, object, previous }: StorageEvent): WatchEvent {
  if (type === 'delete') return { type: 'DELETED', object };
  return { type: previous ? 'MODIFIED' : 'ADDED', object };
}

/** An object that begins or ceases to match appears or disappears for this client. */
function asSeen(event: StorageEvent, matches: (object: KubernetesObject) => boolean): WatchEvent | undefined {
  const { type, object, previous } = event;
  const now = type === 'put' && matches(object);
  const before = type === 'delete' ? matches(object) : previous !== undefined && matches(previous);
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object };
  if (!before) return undefined;
  if (type === 'delete' || !previous) return { type: 'DELETED', object };
  // The state that matched, at the version of the change that ended it.
  return { type: 'DELETED', object: { ...previous, metadata: { ...previous.metadata, resourceVersion: String(event.revision) } } };
}
