/**
 * What controllers, the scheduler and the board gateway know of the API server. The control plane implements it over its
 * registry, in process; tests use the same implementation over a memory store.
 */
import type { Selector } from '../api/labels.ts';
import type { DeleteOptions, KubernetesObject, WatchEvent } from '../api/meta.ts';
import type { Resource } from '../api/resources.ts';

export interface ListFilter {
  /** Undefined lists all namespaces. */
  namespace?: string;
  labelSelector?: Selector;
}

export interface ListResult<T extends KubernetesObject> {
  items: T[];
  /** Start a watch here to miss nothing. */
  resourceVersion: string;
}

export interface WatchSink<T extends KubernetesObject> {
  /** Called in resourceVersion order, synchronously with the commit. Must not throw and must not block. */
  event(event: WatchEvent<T>): void;
  /** The watch ended by itself; list again and start anew. Not called after stop(). */
  closed(error: Error): void;
}

export interface WatchHandle {
  stop(): void;
}

/** Access to one kind. Every method throws StatusError. Returned objects are shared: never mutate them. */
export interface ResourceClient<T extends KubernetesObject> {
  get(name: string, namespace?: string): Promise<T>;
  list(filter?: ListFilter): Promise<ListResult<T>>;
  watch(filter: ListFilter, resourceVersion: string, sink: WatchSink<T>): WatchHandle;
  create(object: T): Promise<T>;
  /** Replaces the object; metadata.resourceVersion, when set, must be the current one (409 otherwise). */
  update(object: T): Promise<T>;
  /** Replaces status only. */
  updateStatus(object: T): Promise<T>;
  /**
   * Read, change, write, again on conflict: the one place for optimistic concurrency.
   * @param change gets a private copy; returns the wanted object, or undefined to leave it as it is.
   * @param subresource 'status' writes status only, 'finalize' (Namespace) spec.finalizers only, 'approval' (CertificateSigningRequest) conditions only.
   * @returns what is stored afterwards.
   */
  modify(name: string, namespace: string | undefined, change: (copy: T) => T | undefined, subresource?: 'status' | 'finalize' | 'approval'): Promise<T>;
  /** Resolves when the deletion is accepted: the object may linger for finalizers or a grace period. */
  delete(name: string, namespace?: string, options?: DeleteOptions): Promise<void>;
}

export interface ApiClient {
  resource<T extends KubernetesObject>(resource: Resource<T>): ResourceClient<T>;
  /** Binds a pod to a node: POST pods/NAME/binding. */
  bind(namespace: string, podName: string, podUid: string, nodeName: string): Promise<void>;
}
