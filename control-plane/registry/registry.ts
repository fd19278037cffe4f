/**
 * The registry: every read and write of the API, after decoding and before storage. The API server (HTTP) and the local
 * client (controllers) both go through it, so both get the same admission, defaults, validation and errors.
 */
import type { FieldRequirement } from '../../api/fields.ts';
import type { Selector } from '../../api/labels.ts';
import type { DeleteOptions, KubernetesObject, ObjectList, Status, WatchEvent } from '../../api/meta.ts';
import type { Resource, Subresource } from '../../api/resources.ts';
import type { ResourceCatalog } from './resource-catalog.ts';

export interface UserInfo {
  name: string;
  /** Of the account, where the kind of credentials knows one. */
  uid?: string;
  groups: readonly string[];
  /** Facts beside the identity: `authentication.kubernetes.io/pod-name` and such. */
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** What becomes of fields that the kind does not have, and of those that come twice. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface RequestContext {
  user: UserInfo;
  /** `?fieldManager=` or the first word of the User-Agent. */
  fieldManager: string;
  dryRun: boolean;
  /** Of webhooks and conversions on the way; the body itself was checked when it was decoded. Default Warn. */
  fieldValidation?: FieldValidation;
  /** Apply: the write is a server-side apply, whose fields belong to the manager as a whole. Default Update. */
  managerOperation?: 'Apply' | 'Update';
  /** Takes what the client is to be warned of. Absent: nobody listens. */
  warnings?: string[];
  /** Takes what the audit log is to know. */
  auditAnnotations?: Record<string, string>;
  /** The row that the client asked for, where that is another version or group of the stored one. */
  requestResource?: Resource;
  /** Admission was asked about the request that this write is a part of, and is not asked again (an eviction deletes its pod). */
  admitted?: boolean;
}

export interface ListQuery {
  namespace?: string;
  labelSelector: Selector;
  fieldSelector: readonly FieldRequirement[];
  limit?: number;
  /** Token of the page before. */
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchQuery {
  namespace?: string;
  labelSelector: Selector;
  fieldSelector: readonly FieldRequirement[];
  /** '' or '0': begin with the current state as ADDED events. Else: everything after it. */
  resourceVersion: string;
  allowWatchBookmarks: boolean;
  sendInitialEvents: boolean;
  /** Of '' and '0' too only what comes from now on. */
  withoutInitialEvents?: boolean;
}

export interface RegistryWatch {
  stop(): void;
}

export interface RegistryWatchSink {
  event(event: WatchEvent): void;
  /** The stream ends here, after an ERROR event where the client must know why. */
  closed(): void;
}

/**
 * What a change gets and gives back: a private copy of the current object → the wanted one, or undefined to leave it as it
 * is. Throw StatusError to refuse.
 */
export type Change<T extends KubernetesObject> = (current: T) => T | undefined | Promise<T | undefined>;

/** Subresources that are another door to the object itself. */
export type UpdatedSubresource = 'status' | 'scale' | 'finalize' | 'approval' | 'ephemeralcontainers' | 'resize';

export interface UpdateRequest<T extends KubernetesObject> {
  name: string;
  namespace?: string;
  /** 'status' and 'scale' write only their part, others what the strategy says; undefined writes everything but status. */
  subresource?: UpdatedSubresource;
  /** Called again with fresh state after a conflict, unless its result names a resourceVersion that is not current. */
  change: Change<T>;
  /** PUT only: what to create when there is no such object and the kind allows that (Lease, Service, Endpoints, Event). */
  createIfMissing?: () => T | Promise<T>;
  /** The object is created whatever the kind allows (server-side apply). */
  forceCreate?: boolean;
}

/**
 * All verbs on one kind. Every method throws StatusError. Reads of a kind's own store are answered at once; a kind that is
 * shown in another version than it is stored in may have to be converted first, by a webhook.
 */
export interface ResourceRegistry<T extends KubernetesObject = KubernetesObject> {
  readonly resource: Resource<T>;
  create(context: RequestContext, namespace: string | undefined, object: T): Promise<T>;
  get(name: string, namespace?: string): T | Promise<T>;
  list(query: ListQuery): ObjectList<T> | Promise<ObjectList<T>>;
  watch(query: WatchQuery, sink: RegistryWatchSink): RegistryWatch;
  update(context: RequestContext, request: UpdateRequest<T>): Promise<T>;
  /** @returns the object as it lingers (finalizers, grace period); when it is gone a Success Status, of some kinds the object as it was. */
  delete(context: RequestContext, name: string, namespace: string | undefined, options: DeleteOptions): Promise<T | Status>;
  /** Deletes each listed object with the options; returns what was listed. */
  deleteCollection(context: RequestContext, query: ListQuery, options: DeleteOptions): Promise<ObjectList<T>>;
}

/** Of a kind with a store of its own: reads answer at once. */
export interface StoredRegistry<T extends KubernetesObject = KubernetesObject> extends ResourceRegistry<T> {
  get(name: string, namespace?: string): T;
  list(query: ListQuery): ObjectList<T>;
}

export interface ConnectRequest {
  resource: Resource;
  /** Undefined: of a kind that is kept nowhere. */
  subresource: Subresource | undefined;
  namespace: string | undefined;
  name: string;
  /** `PodExecOptions` and the like, with apiVersion and kind. Plugins may change it. */
  options: KubernetesObject;
  /** CREATE for what is made but not kept: a Binding, an Eviction, a TokenRequest, a review. Default CONNECT. */
  operation?: 'CONNECT' | 'CREATE';
}

/** What a scheduler decided. */
export interface PodBinding {
  /** Of the pod that it saw; undefined or empty: whichever has the name. */
  uid?: string;
  nodeName: string;
  /** Put on the pod, over what is there. */
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
}

export interface Registry {
  /** The kinds that are served now. */
  readonly catalog: ResourceCatalog;
  /** @throws StatusError Timeout for a version that this server has not reached, BadRequest for what is none. */
  checkVersion(resourceVersion: string): void;
  /** @throws when the kind is in no table row. */
  of<T extends KubernetesObject>(resource: Resource<T>): ResourceRegistry<T>;
  /** POST pods/NAME/binding. */
  bind(context: RequestContext, namespace: string, podName: string, binding: PodBinding): Promise<void>;
  /** Asks admission about a connection (exec, attach, portforward, proxy) before it is made. @throws StatusError to refuse. */
  reviewConnect(context: RequestContext, connection: ConnectRequest): Promise<void>;
}
