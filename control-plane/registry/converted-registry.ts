/**
 * A kind that is stored in another version or group than it is shown in. Everything is done by the registry of the stored
 * kind; objects are converted on their way in and out.
 */
import type { KubernetesObject, ObjectList, WatchEvent } from '../../api/meta.ts';
import { apiVersionOf, type Resource } from '../../api/resource.ts';
import { StatusError, newExpired, newInternalError, newInvalid, type FieldError } from '../../api/errors.ts';
import { cloneObject } from './deep-clone.ts';
import { deepFreeze } from '../storage/deep-freeze.ts';
import type { ListQuery, RequestContext, RegistryWatch, RegistryWatchSink, ResourceRegistry, WatchQuery } from './registry.ts';

/** Both ways. What they are given is not theirs to change: it may be shared and frozen. */
export interface Conversion<T extends KubernetesObject, S extends KubernetesObject> {
  /** @param old the object before, as this version shows it; undefined on create. */
  toStored(object: T, old?: T): S | Promise<S>;
  fromStored(object: S): T | Promise<T>;
  /** Rules that hold only in this version, about the object as it will be stored. `old` is undefined on create. */
  validate?(object: S, old: S | undefined): FieldError[];
  /** The objects of a list at once, where that is cheaper (a webhook). Default: one after the other. */
  listFromStored?(objects: readonly S[]): Promise<T[]>;
  /** The stored name of a field that a field selector names. Default: the same. */
  storedField?: (field: string) => string;
}

/** Events of a watch that wait for their conversion; a watch that falls further behind is cut off. */
const maxWaitingEvents = 1000;

export function createConvertedRegistry<T extends KubernetesObject, S extends KubernetesObject>(
  resource: Resource<T>, stored: ResourceRegistry<S>, conversion: Conversion<T, S>,
): ResourceRegistry<T> {
  const converter = new Converter(conversion);
  const shownAs = (context: RequestContext): RequestContext => ({ ...context, requestResource: resource });
  const storedQuery = <Q extends ListQuery | WatchQuery>(query: Q): Q => {
    const { storedField } = conversion;
    if (!storedField || query.fieldSelector.length === 0) return query;
    return { ...query, fieldSelector: query.fieldSelector.map((requirement) => ({ ...requirement, field: storedField(requirement.field) })) };
  };
  const toStored = async (object: T, old?: S, shownOld?: T): Promise<S> => {
    const result = await conversion.toStored(object, shownOld);
    const errors = conversion.validate?.(result, old) ?? [];
    if (errors.length > 0) throw newInvalid(resource, object.metadata?.name ?? '', errors);
    return result;
  };
  const convertList = async (list: ObjectList<S>): Promise<ObjectList<T>> =>
    ({ ...list, kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), items: await converter.all(list.items) });
  return {
    resource,
    create: async (context, namespace, object) => converter.one(await stored.create(shownAs(context), namespace, await toStored(object))),
    get(name, namespace) {
      const object = stored.get(name, namespace);
      return object instanceof Promise ? object.then((found) => converter.one(found)) : converter.one(object);
    },
    list: async (query) => convertList(await stored.list(storedQuery(query))),
    watch: (query, sink) => watchConverted(resource, converter, sink, (inner) => stored.watch(storedQuery(query), inner)),
    async update(context, { change, createIfMissing, ...request }) {
      const updated = await stored.update(shownAs(context), {
        ...request,
        ...(createIfMissing ? { createIfMissing: async () => toStored(await createIfMissing()) } : {}),
        change: async (current) => {
          const shown = await conversion.fromStored(current);
          const wanted = await change(cloneObject(shown));
          return wanted && toStored(wanted, current, shown);
        },
      });
      return converter.one(updated);
    },
    async delete(context, name, namespace, options) {
      const result = await stored.delete(shownAs(context), name, namespace, options);
      return result.kind === 'Status' && result.apiVersion === 'v1' ? result : converter.one(result as S);
    },
    deleteCollection: async (context, query, options) => convertList(await stored.deleteCollection(shownAs(context), storedQuery(query), options)),
  };
}

/** Converts each stored object once: what is in the store is shared and never changes. */
class Converter<T extends KubernetesObject, S extends KubernetesObject> {
  private readonly conversion: Conversion<T, S>;
  private readonly known = new WeakMap<S, T>();

  constructor(conversion: Conversion<T, S>) {
    this.conversion = conversion;
  }

  one(object: S): T | Promise<T> {
    const known = this.known.get(object);
    if (known) return known;
    const converted = this.conversion.fromStored(object);
    return converted instanceof Promise ? converted.then((value) => this.keep(object, value)) : this.keep(object, converted);
  }

  async all(objects: readonly S[]): Promise<T[]> {
    const { conversion } = this;
    if (!conversion.listFromStored) return Promise.all(objects.map(async (object) => this.one(object)));
    const unknown = objects.filter((object) => !this.known.has(object));
    const fresh = new Map<S, T>();
    if (unknown.length > 0) {
      const converted = await conversion.listFromStored(unknown);
      unknown.forEach((object, index) => fresh.set(object, this.keep(object, converted[index]!)));
    }
    return objects.map((object) => this.known.get(object) ?? fresh.get(object)!);
  }

  private keep(object: S, converted: T): T {
    // A dry run's answer is nobody else's and may still change.
    if (!Object.isFrozen(object)) return converted;
    deepFreeze(converted);
    this.known.set(object, converted);
    return converted;
  }
}

function watchConverted<T extends KubernetesObject, S extends KubernetesObject>(
  resource: Resource<T>, converter: Converter<T, S>, sink: RegistryWatchSink, begin: (inner: RegistryWatchSink) => RegistryWatch,
): RegistryWatch {
  const order = new OrderedEvents(sink, (event) => {
    if (event.type === 'ERROR') return event;
    if (event.type === 'BOOKMARK') return { type: 'BOOKMARK', object: { ...event.object, kind: resource.kind, apiVersion: apiVersionOf(resource) } };
    const object = converter.one(event.object as S);
    return object instanceof Promise ? object.then((converted) => ({ ...event, object: converted })) : { ...event, object };
  });
  const watch = begin(order);
  order.onStop(() => watch.stop());
  return { stop: () => order.stop() };
}

/** Hands events on in their order, though some take longer to convert than others. */
class OrderedEvents implements RegistryWatchSink {
  private readonly sink: RegistryWatchSink;
  private readonly convert: (event: WatchEvent) => WatchEvent | Promise<WatchEvent>;
  private waiting: (WatchEvent | 'closed')[] = [];
  private draining = false;
  private stopped = false;
  private stopSource: (() => void) | undefined;

  constructor(sink: RegistryWatchSink, convert: (event: WatchEvent) => WatchEvent | Promise<WatchEvent>) {
    this.sink = sink;
    this.convert = convert;
  }

  /** @param stop ends the source; called at once when the watch ended before it was known. */
  onStop(stop: () => void): void {
    this.stopSource = stop;
    if (this.stopped) stop();
  }

  event(event: WatchEvent): void {
    if (this.stopped) return;
    if (this.draining) {
      if (this.waiting.length < maxWaitingEvents) this.waiting.push(event);
      else this.fail(newExpired('too many events wait for their conversion'));
      return;
    }
    this.deliver(event);
  }

  closed(): void {
    if (this.stopped) return;
    if (this.draining) this.waiting.push('closed');
    else this.end();
  }

  stop(): void {
    this.stopped = true;
    this.waiting = [];
    this.stopSource?.();
  }

  private deliver(event: WatchEvent): void {
    try {
      const converted = this.convert(event);
      if (converted instanceof Promise) void this.drain(converted);
      else this.sink.event(converted);
    } catch (error) {
      this.fail(error);
    }
  }

  private async drain(first: Promise<WatchEvent>): Promise<void> {
    this.draining = true;
    try {
      this.hand(await first);
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
        if (next === 'closed') return this.end();
        this.hand(await this.convert(next));
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.draining = false;
    }
  }

  private hand(event: WatchEvent): void {
    if (!this.stopped) this.sink.event(event);
  }

  private end(): void {
    if (this.stopped) return;
    this.stop();
    this.sink.closed();
  }

  /** The client sees why, and comes again. */
  private fail(error: unknown): void {
    if (this.stopped) return;
    const { status } = error instanceof StatusError ? error : newInternalError(error instanceof Error ? error.message : String(error), error);
    this.sink.event({ type: 'ERROR', object: status });
    this.end();
  }
}
