/**
 * Keeps repeated events from flooding the API, with the rules of client-go's EventCorrelator: the same event again is a
 * count, many that differ only in their message become one, and a source that goes on about one object is held back.
 */
import type { ObjectReference } from '../api/core.ts';
import { LruMap } from './lru-map.ts';

export type EventType = 'Normal' | 'Warning';

export interface EventSource {
  /** Who says so: `kubelet`, `default-scheduler`. */
  component: string;
  /** The board, where it matters. */
  host?: string;
}

export interface EventOccurrence {
  involvedObject: ObjectReference;
  type: EventType;
  reason: string;
  message: string;
  source: EventSource;
}

export interface CorrelatedEvent {
  /** The occurrence, with the message of the combined event where it was combined. */
  occurrence: EventOccurrence;
  /** Which API object counts this: pass it to remember(). */
  key: string;
  /** 1 or the new count. */
  count: number;
  /** Milliseconds since the epoch. */
  first: number;
  /** Name of the API object that counts this already, if there is one. */
  name: string | undefined;
}

interface Similar {
  since: number;
  messages: Set<string>;
}

interface Counter {
  count: number;
  first: number;
  name: string | undefined;
}

interface Bucket {
  tokens: number;
  filled: number;
}

/** Entries of each of the three caches, as in client-go. */
const cacheEntries = 4096;
/** Different messages for one reason that are told apart within the interval. */
const similarEvents = 10;
const similarIntervalMs = 600_000;
const spamBurst = 25;
const spamRefillMs = 300_000;

export class EventCorrelator {
  private readonly similar = new LruMap<string, Similar>(cacheEntries);
  private readonly counters = new LruMap<string, Counter>(cacheEntries);
  private readonly buckets = new LruMap<string, Bucket>(cacheEntries);

  /** @returns what to write now, or undefined when the source is held back. */
  correlate(occurrence: EventOccurrence, now: number): CorrelatedEvent | undefined {
    const combined = this.combine(occurrence, now);
    const counter = this.counters.get(combined.key) ?? { count: 0, first: now, name: undefined };
    counter.count += 1;
    this.counters.set(combined.key, counter);
    if (!this.takeToken(occurrence, now)) return undefined;
    return { ...combined, count: counter.count, first: counter.first, name: counter.name };
  }

  /** The API object `name` counts this key from now on; undefined: there is none (any more). */
  remember(key: string, name: string | undefined): void {
    const counter = this.counters.get(key);
    if (counter) counter.name = name;
  }

  /** Past a number of different messages within the interval, all share one event. */
  private combine(occurrence: EventOccurrence, now: number): { occurrence: EventOccurrence; key: string } {
    const groupKey = JSON.stringify([sourceAndObject(occurrence), occurrence.involvedObject.fieldPath, occurrence.type, occurrence.reason]);
    const fullKey = `${groupKey}${occurrence.message}`;
    let group = this.similar.get(groupKey);
    if (!group || now - group.since > similarIntervalMs) group = { since: now, messages: new Set() };
    group.since = now;
    group.messages.add(occurrence.message);
    this.similar.set(groupKey, group);
    if (group.messages.size < similarEvents) return { occurrence, key: fullKey };
    for (const oldest of group.messages) {
      // Keeps the set at its limit while telling that it was reached.
      group.messages.delete(oldest);
      break;
    }
    return { occurrence: { ...occurrence, message: `(combined from similar events): ${occurrence.message}` }, key: groupKey };
  }

  private takeToken(occurrence: EventOccurrence, now: number): boolean {
    const key = sourceAndObject(occurrence);
    const bucket = this.buckets.get(key) ?? { tokens: spamBurst, filled: now };
    bucket.tokens = Math.min(spamBurst, bucket.tokens + Math.max(0, now - bucket.filled) / spamRefillMs);
    bucket.filled = now;
    this.buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

function sourceAndObject({ source, involvedObject }: EventOccurrence): string {
  const { apiVersion, kind, namespace, name, uid } = involvedObject;
  return JSON.stringify([source.component, source.host, apiVersion, kind, namespace, name, uid]);
}
