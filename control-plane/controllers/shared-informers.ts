/**
 * One informer per kind for the whole control plane, with the indexes that controllers share.
 *
 * Informers here are in process: the store hands every commit to them before the write returns to its caller, so a
 * controller that wrote something finds it in its informer at once. That is why no controller keeps "expectations" as
 * Kubernetes' do against lagging caches. Should a watch break, the informer lists anew; what a controller might do twice in
 * that moment (a surplus pod, say) the next reconcile takes back.
 */
import { controllerOf } from '../../api/meta.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { apiVersionOf, pods } from '../../api/resources.ts';
import type { Resource } from '../../api/resources.ts';
import type { ApiClient } from '../../machinery/client.ts';
import type { Clock } from '../../machinery/clock.ts';
import { createInformer } from '../../machinery/informer.ts';
import type { IndexFunction, Informer } from '../../machinery/informer.ts';
import type { Logger } from '../../machinery/logger.ts';

/** Index: uid of every owner → the objects that name it. */
export const ownerIndex = 'owner';
/** Index: namespace → its objects that no controller owns. */
export const orphanIndex = 'orphan';
/** Index of pods: node name → the pods bound to it. Unbound pods are under ''. */
export const nodeIndex = 'node';

interface Entry {
  informer: Informer<KubernetesObject>;
  indexes: Set<string>;
  started: boolean;
  /** Ends this informer alone. */
  aborter: AbortController;
}

export interface SharedInformersOptions {
  client: ApiClient;
  clock: Clock;
  logger: Logger;
}

export class SharedInformers {
  private readonly entries = new Map<string, Entry>();
  private stopped = false;
  private readonly options: SharedInformersOptions;

  constructor(options: SharedInformersOptions) {
    this.options = options;
  }

  /** The informer of a kind; made at the first call, running after the next start(). */
  of<T extends KubernetesObject>(resource: Resource<T>): Informer<T> {
    return this.entry(resource).informer as unknown as Informer<T>;
  }

  /** Adds an index once, whoever asks first. Before start() only. */
  index<T extends KubernetesObject>(resource: Resource<T>, name: string, index: IndexFunction<T>): void {
    const entry = this.entry(resource);
    if (entry.indexes.has(name)) return;
    entry.indexes.add(name);
    entry.informer.addIndex(name, index as unknown as IndexFunction<KubernetesObject>);
  }

  /** Starts what is not running yet. May be called again after more kinds were asked for. */
  start(): void {
    if (this.stopped) return;
    for (const entry of this.entries.values()) {
      if (entry.started) continue;
      entry.started = true;
      entry.informer.start(entry.aborter.signal);
    }
  }

  /** Resolves when every started informer has its first complete list. */
  async synced(): Promise<void> {
    await Promise.all([...this.entries.values()].filter((entry) => entry.started).map((entry) => entry.informer.synced()));
  }

  stop(): void {
    this.stopped = true;
    for (const { aborter } of this.entries.values()) aborter.abort(new Error('informers are stopped'));
  }

  /** Ends the informer of a kind that is no longer served. Its handlers hear nothing more. */
  remove(resource: Resource): void {
    const key = keyOf(resource);
    this.entries.get(key)?.aborter.abort(new Error(`${key} is no longer served`));
    this.entries.delete(key);
  }

  private entry<T extends KubernetesObject>(resource: Resource<T>): Entry {
    const key = keyOf(resource);
    const existing = this.entries.get(key);
    if (existing) return existing;
    const { client, clock, logger } = this.options;
    const informer = createInformer({ client: client.resource(resource), clock, logger: logger.child({ informer: resource.plural }) }) as unknown as Informer<KubernetesObject>;
    const entry: Entry = { informer, indexes: new Set(), started: false, aborter: new AbortController() };
    this.entries.set(key, entry);
    informer.addIndex(ownerIndex, (object) => (object.metadata?.ownerReferences ?? []).map((reference) => reference.uid));
    informer.addIndex(orphanIndex, (object) => (controllerOf(object) ? [] : [object.metadata?.namespace ?? '']));
    if (resource.plural === pods.plural && resource.group === pods.group) this.index(pods, nodeIndex, (pod) => [pod.spec?.nodeName ?? '']);
    return entry;
  }
}

function keyOf(resource: Resource): string {
  return `${apiVersionOf(resource)}/${resource.plural}`;
}
