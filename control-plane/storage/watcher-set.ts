/** Who gets which events. Watchers of one kind cost nothing when another kind changes. */
import type { Logger } from '../../machinery/logger.ts';
import { kindPrefix } from './key-index.ts';
import type { StorageEvent, StorageWatcher } from './storage.ts';

interface Watching {
  prefix: string;
  watcher: StorageWatcher;
  active: boolean;
}

export class WatcherSet {
  private readonly logger: Logger;
  /** By kind prefix; '' holds the watchers of more than one kind. */
  private readonly byKind = new Map<string, Set<Watching>>();

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** @returns removes the watcher; it hears nothing from then on. */
  add(prefix: string, watcher: StorageWatcher): () => void {
    const watching: Watching = { prefix, watcher, active: true };
    const kind = kindPrefix(prefix);
    const set = this.byKind.get(kind) ?? new Set();
    this.byKind.set(kind, set.add(watching));
    return () => {
      watching.active = false;
      set.delete(watching);
      if (set.size === 0 && this.byKind.get(kind) === set) this.byKind.delete(kind);
    };
  }

  /**
   * Tells everyone concerned. Watchers that are added meanwhile do not get these events from here: they found them in the
   * history.
   */
  dispatch(events: readonly StorageEvent[]): void {
    for (const watching of this.concerned(events)) {
      if (watching.active) this.deliver(watching, events.filter((event) => event.key.startsWith(watching.prefix)));
    }
  }

  /** Ends all watches. */
  close(error: Error): void {
    const all = [...this.byKind.values()].flatMap((set) => [...set]);
    this.byKind.clear();
    for (const watching of all) {
      if (!watching.active) continue;
      watching.active = false;
      this.guard(watching, () => watching.watcher.closed(error));
    }
  }

  /** First delivery to one watcher, from the history. */
  deliverTo(watcher: StorageWatcher, prefix: string, events: readonly StorageEvent[]): void {
    this.deliver({ prefix, watcher, active: true }, events);
  }

  private concerned(events: readonly StorageEvent[]): Set<Watching> {
    const found = new Set<Watching>(this.byKind.get(''));
    for (const kind of new Set(events.map((event) => kindPrefix(event.key)))) {
      for (const watching of this.byKind.get(kind) ?? []) found.add(watching);
    }
    return found;
  }

  private deliver(watching: Watching, events: readonly StorageEvent[]): void {
    if (events.length > 0) this.guard(watching, () => watching.watcher.events(events));
  }

  /** A watcher must not throw; one that does must not take the others or the commit with it. */
  private guard({ prefix }: Watching, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error('Storage watcher failed', { prefix, error });
    }
  }
}
