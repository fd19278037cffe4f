/**
 * A local, always fresh view of one kind: list, then watch, again after every break. Handlers are hints to look; the
 * truth is in get() and list(). Objects are shared with the store: never mutate them.
 */
import { isExpired } from '../api/errors.ts';
import { objectKey } from '../api/meta.ts';
import type { KubernetesObject, WatchEvent } from '../api/meta.ts';
import { Backoff } from './backoff.ts';
import type { ListFilter, ResourceClient, WatchHandle } from './client.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import { ObjectIndex } from './object-index.ts';

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

export interface InformerOptions<T extends KubernetesObject> {
  client: ResourceClient<T>;
  /** Default: everything in all namespaces. */
  filter?: ListFilter;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1), spreads the retries of many informers. Default: not spread. */
  random?: () => number;
}

/** Handlers are called synchronously, in order; one that throws is logged and does not stop the others. */
export function createInformer<T extends KubernetesObject>(options: InformerOptions<T>): Informer<T> {
  return new WatchingInformer(options);
}

/** A watch that held this long was healthy: the break after it is mended without delay. */
const healthyMs = 10_000;
const namespaceIndex = 'namespace';

class WatchingInformer<T extends KubernetesObject> implements Informer<T> {
  private readonly client: ResourceClient<T>;
  private readonly filter: ListFilter;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly backoff: Backoff;
  private readonly objects = new ObjectIndex<T>();
  private readonly handlers: InformerHandler<T>[] = [];
  private readonly firstList: Promise<void>;
  private announceFirstList: () => void = () => {};
  private started = false;

  constructor({ client, filter = {}, clock, logger, random }: InformerOptions<T>) {
    this.client = client;
    this.filter = filter;
    this.clock = clock;
    this.logger = logger;
    this.backoff = new Backoff({ initialMs: 100, maximumMs: 30_000, jitter: random ? 0.5 : 0, ...(random ? { random } : {}) });
    this.objects.addIndex(namespaceIndex, (object) => [object.metadata?.namespace ?? '']);
    this.firstList = new Promise((resolve) => { this.announceFirstList = resolve; });
  }

  start(signal: AbortSignal): void {
    if (this.started) throw new Error('informer is already started');
    this.started = true;
    void this.run(signal);
  }

  synced(): Promise<void> {
    return this.firstList;
  }

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  list(namespace?: string): T[] {
    return namespace === undefined ? this.objects.all() : this.objects.by(namespaceIndex, namespace);
  }

  addIndex(name: string, index: IndexFunction<T>): void {
    if (this.started) throw new Error(`index ${name} must be added before the informer starts`);
    this.objects.addIndex(`by:${name}`, index);
  }

  byIndex(name: string, value: string): T[] {
    return this.objects.by(`by:${name}`, value);
  }

  addHandler(handler: InformerHandler<T>): void {
    const present = this.objects.all();
    this.handlers.push(handler);
    for (const object of present) this.call(handler, (one) => one.added(object));
  }

  /** Lists and watches until the signal aborts. Never rejects. */
  private async run(signal: AbortSignal): Promise<void> {
    const stopped = () => signal.aborted;
    while (!stopped()) {
      const begin = this.clock.monotonic();
      try {
        await this.listAndWatch(signal);
      } catch (error) {
        if (stopped()) return;
        if (isExpired(error)) this.logger.debug('Watch expired, listing again');
        else this.logger.warn('List and watch failed, trying again', { error });
      }
      if (this.clock.monotonic() - begin >= healthyMs) this.backoff.reset();
      else await this.clock.sleep(this.backoff.next(), signal).catch(() => undefined);
    }
  }

  /** @throws the reason for which the watch ended, or nothing when the signal aborted. */
  private async listAndWatch(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.client.list(this.filter);
    if (signal.aborted) return;
    this.replace(items);
    this.announceFirstList();
    await this.watch(resourceVersion, signal);
  }

  private watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let ended = false;
      let handle: WatchHandle | undefined = undefined;
      const onAbort = () => {
        ended = true;
        handle?.stop();
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      // Events, and even the end, may come before watch() returns.
      handle = this.client.watch(this.filter, resourceVersion, {
        event: (event) => {
          if (!ended) this.apply(event);
        },
        closed: (error) => {
          ended = true;
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      });
      if (signal.aborted) handle.stop();
    });
  }

  /** Brings the view to a fresh list and tells only what differs. */
  private replace(items: readonly T[]): void {
    const fresh = new Map(items.map((object) => [objectKey(object), object]));
    for (const key of this.objects.keys()) {
      if (!fresh.has(key)) this.remove(key);
    }
    for (const [key, object] of fresh) this.put(key, object);
  }

  private apply(event: WatchEvent<T>): void {
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        this.put(objectKey(event.object), event.object);
        break;
      case 'DELETED':
        this.remove(objectKey(event.object), event.object);
        break;
      case 'BOOKMARK':
      case 'ERROR':
        // A break always lists again, so a bookmark has no use here; an error is followed by closed().
        break;
    }
  }

  private put(key: string, object: T): void {
    const previous = this.objects.get(key);
    if (previous && previous.metadata?.uid !== object.metadata?.uid) {
      // Deleted and made again while nobody watched: whoever counts on the uid must see both.
      this.remove(key);
      this.put(key, object);
      return;
    }
    if (previous && previous.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    this.objects.set(key, object);
    this.callAll((handler) => previous ? handler.updated(previous, object) : handler.added(object));
  }

  /** @param last the state at its deletion; default: the one known. */
  private remove(key: string, last?: T): void {
    const known = this.objects.get(key);
    if (!known) return;
    this.objects.delete(key);
    this.callAll((handler) => handler.deleted(last ?? known));
  }

  private callAll(call: (handler: InformerHandler<T>) => void): void {
    for (const handler of [...this.handlers]) this.call(handler, call);
  }

  private call(handler: InformerHandler<T>, call: (handler: InformerHandler<T>) => void): void {
    try {
      call(handler);
    } catch (error) {
      this.logger.error('Informer handler failed', { error });
    }
  }
}
