/** What every controller is given, and what it gives back. */
import type { KubernetesObject } from '../../api/meta.ts';
import type { ApiClient } from '../../machinery/client.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { ResourceCatalog } from '../registry/resource-catalog.ts';
import type { SharedInformers } from './shared-informers.ts';

/** Tells the user what happened to an object: an Event, aggregated and rate limited. machinery's EventRecorder is one. */
export interface EventSink {
  event(object: KubernetesObject, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface ControllerContext {
  client: ApiClient;
  informers: SharedInformers;
  /** The kinds that are served now. */
  catalog: ResourceCatalog;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1): jitter of retries. */
  random: () => number;
  /** Events of this component, for example `replicaset-controller`. */
  recorder(component: string): EventSink;
}

/**
 * A controller that has registered its informers and handlers. It acts between start and stop, never before: its informers
 * must have synced first, or it would take what it has not seen yet for gone.
 */
export interface RunnableController {
  start(signal: AbortSignal): void;
  stop(): Promise<void>;
}
