/**
 * Records core/v1 Events about objects, as client-go's EventRecorder does. Events are best effort: recording never blocks
 * and never fails the caller; what cannot be written is logged.
 */
import { isAlreadyExists, isNotFound } from '../api/errors.ts';
import type { Event, ObjectReference } from '../api/core.ts';
import type { KubernetesObject } from '../api/meta.ts';
import { events } from '../api/resources.ts';
import type { ApiClient, ResourceClient } from './client.ts';
import { timestamp, type Clock } from './clock.ts';
import { EventCorrelator, type CorrelatedEvent, type EventOccurrence, type EventSource, type EventType } from './event-correlator.ts';
import type { Logger } from './logger.ts';

export interface EventRecorderOptions {
  client: ApiClient;
  /** Who speaks, unless an event says otherwise: `deployment-controller`. */
  component: string;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1): tells events of the same instant apart. */
  random: () => number;
}

/** Events that wait to be written; beyond it the newest are dropped. */
const queueLimit = 1000;

export class EventRecorder {
  private readonly client: ResourceClient<Event>;
  private readonly component: string;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly random: () => number;
  private readonly correlator = new EventCorrelator();
  private readonly waiting: EventOccurrence[] = [];
  private writing: Promise<void> | undefined;
  private stopped = false;
  private dropped = 0;

  constructor({ client, component, clock, logger, random }: EventRecorderOptions) {
    this.client = client.resource(events);
    this.component = component;
    this.clock = clock;
    this.logger = logger.child({ component });
    this.random = random;
  }

  /**
   * @param object needs kind, apiVersion and metadata.
   * @param reason constant in UpperCamelCase, as Kubernetes spells it.
   * @param message for humans.
   */
  event(object: KubernetesObject, type: EventType, reason: string, message: string): void {
    this.record(referenceTo(object), type, reason, message);
  }

  /** The same for a reference, with fieldPath where it is about a container, and on behalf of another source (a board). */
  record(involvedObject: ObjectReference, type: EventType, reason: string, message: string, source: EventSource = { component: this.component }): void {
    if (this.stopped) return;
    if (this.waiting.length >= queueLimit) {
      this.dropped += 1;
      return;
    }
    this.waiting.push({ involvedObject, type, reason, message, source });
    this.writing ??= this.writeAll();
  }

  /** Resolves when everything recorded so far is written or has failed. */
  async flushed(): Promise<void> {
    while (this.writing) await this.writing;
  }

  /** Takes no more events and writes what is waiting. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.flushed();
  }

  /** One event at a time, in order. Never rejects. */
  private async writeAll(): Promise<void> {
    for (;;) {
      const occurrence = this.waiting.shift();
      if (occurrence === undefined) break;
      await this.write(occurrence);
    }
    this.writing = undefined;
    if (this.dropped > 0) {
      this.logger.warn('Too many events at once, some were dropped', { dropped: this.dropped });
      this.dropped = 0;
    }
  }

  private async write(occurrence: EventOccurrence): Promise<void> {
    const now = this.clock.now();
    const correlated = this.correlator.correlate(occurrence, now);
    if (!correlated) return;
    try {
      if (correlated.name === undefined || !await this.countUp(correlated, correlated.name, now)) await this.create(correlated, now);
    } catch (error) {
      const { involvedObject, reason } = occurrence;
      this.logger.warn('Event could not be written', { kind: involvedObject.kind, namespace: involvedObject.namespace, name: involvedObject.name, reason, error });
    }
  }

  /** @returns false when the event that counted is gone (events expire). */
  private async countUp(correlated: CorrelatedEvent, name: string, now: number): Promise<boolean> {
    try {
      await this.client.modify(name, namespaceOf(correlated.occurrence), (event) => ({
        ...event, count: correlated.count, lastTimestamp: timestamp(now), message: correlated.occurrence.message,
      }));
      return true;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.correlator.remember(correlated.key, undefined);
      return false;
    }
  }

  private async create(correlated: CorrelatedEvent, now: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const name = `${correlated.occurrence.involvedObject.name ?? ''}.${this.instant(now)}`;
      try {
        await this.client.create(makeEvent(correlated, name, now));
        this.correlator.remember(correlated.key, name);
        return;
      } catch (error) {
        if (!isAlreadyExists(error) || attempt === 3) throw error;
      }
    }
  }

  /** Hexadecimal nanoseconds, as client-go names events; what the clock cannot tell is random. */
  private instant(now: number): string {
    return (BigInt(Math.trunc(now)) * 1_000_000n + BigInt(Math.floor(this.random() * 1_000_000))).toString(16);
  }
}

function referenceTo(object: KubernetesObject): ObjectReference {
  const { apiVersion, kind, metadata } = object;
  return {
    ...(kind ? { kind } : {}),
    ...(metadata?.namespace ? { namespace: metadata.namespace } : {}),
    ...(metadata?.name ? { name: metadata.name } : {}),
    ...(metadata?.uid ? { uid: metadata.uid } : {}),
    ...(apiVersion ? { apiVersion } : {}),
    ...(metadata?.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}),
  };
}

/** Events about cluster-scoped objects live in `default`. */
function namespaceOf({ involvedObject }: EventOccurrence): string {
  return involvedObject.namespace ?? 'default';
}

function makeEvent({ occurrence, count, first }: CorrelatedEvent, name: string, now: number): Event {
  const { involvedObject, type, reason, message, source } = occurrence;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: namespaceOf(occurrence) },
    involvedObject,
    reason,
    message,
    source: { component: source.component, ...(source.host ? { host: source.host } : {}) },
    firstTimestamp: timestamp(first),
    lastTimestamp: timestamp(now),
    count,
    type,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
  };
}
