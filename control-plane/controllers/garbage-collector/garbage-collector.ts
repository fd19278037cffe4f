/**
 * Deletes what lost its owners, and carries out foreground and orphan deletion. Generic over the resource table: every kind
 * but Events has an informer whose owner index answers "who depends on this uid".
 *
 * Keys are `<apiVersion>/<plural>|<object key>`. An owner that no informer shows is looked up live before anything is deleted
 * for it: the informers of two kinds are not at the same revision while they start.
 */
import { isConflict, isInvalid, isNotFound } from '../../../api/errors.ts';
import { namespacedKey, objectKey } from '../../../api/meta.ts';
import type { KubernetesObject, OwnerReference } from '../../../api/meta.ts';
import { apiVersionOf, events } from '../../../api/resources.ts';
import type { Resource } from '../../../api/resources.ts';
import type { ApiClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, EventSink, RunnableController } from '../controller-context.ts';
import type { ResourceCatalog } from '../../registry/resource-catalog.ts';
import { ownerIndex, type SharedInformers } from '../shared-informers.ts';
import { blockingDependents, foregroundFinalizer, orphanFinalizer, planCollection } from './plan-collection.ts';
import type { OwnerState } from './plan-collection.ts';

interface Collected {
  resource: Resource;
  informer: Informer<KubernetesObject>;
}

interface Item extends Collected {
  object: KubernetesObject;
}

export class GarbageCollector implements RunnableController {
  private readonly client: ApiClient;
  private readonly recorder: EventSink;
  private readonly kinds = new Map<string, Collected>();
  private readonly controller: Controller;
  private readonly informers: SharedInformers;
  private readonly catalog: ResourceCatalog;
  private stopFollowing: (() => void) | undefined;
  private watching = false;

  constructor(context: ControllerContext) {
    const { client, informers, catalog, clock, logger, random } = context;
    this.client = client;
    this.recorder = context.recorder('garbage-collector-controller');
    this.controller = new Controller({ name: 'garbage-collector', workers: 4, reconcile: (key) => this.reconcile(key), clock, logger, random });
    this.informers = informers;
    this.catalog = catalog;
    this.followCatalog();
  }

  /** Handlers are added only now, when every kind has synced: before, every owner would look missing. */
  start(signal: AbortSignal): void {
    if (!this.watching) {
      this.watching = true;
      for (const kind of this.kinds.values()) this.watch(kind);
      this.stopFollowing = this.catalog.onChange(() => this.followCatalog());
    }
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    this.stopFollowing?.();
    return this.controller.stop();
  }

  /** Kinds that definitions of custom resources bring and take. */
  private followCatalog(): void {
    const rows = new Set(this.catalog.resources.filter(isCollected));
    for (const [key, { resource }] of this.kinds) {
      if (rows.has(resource)) continue;
      this.kinds.delete(key);
      if (!this.catalog.resources.includes(resource)) this.informers.remove(resource);
    }
    for (const resource of rows) {
      if (this.kinds.has(kindKey(resource))) continue;
      const kind = { resource, informer: this.informers.of(resource) };
      this.kinds.set(kindKey(resource), kind);
      if (this.watching) this.watch(kind);
    }
    if (this.watching) this.informers.start();
  }

  /** The kind that is stored: the objects of every version of it are the same. */
  private findKind({ apiVersion, kind }: OwnerReference): Resource | undefined {
    const resource = this.catalog.findKind(apiVersion, kind);
    return resource?.storedAs ?? resource;
  }

  private watch(kind: Collected): void {
    kind.informer.addHandler({
      added: (object) => this.enqueueIfWorthwhile({ ...kind, object }),
      updated: (previous, object) => {
        this.enqueueIfWorthwhile({ ...kind, object });
        // A dependent that lets go may have been the last that a foreground deletion waited for.
        if (previous.metadata?.ownerReferences !== object.metadata?.ownerReferences) this.enqueueDeletingOwners(previous);
        if (turnsForeground(previous, object)) this.enqueueDependents(object);
      },
      deleted: (object) => {
        this.enqueueDeletingOwners(object);
        this.enqueueDependents(object);
      },
    });
  }

  private enqueue({ resource, object }: Item): void {
    this.controller.enqueue(`${kindKey(resource)}|${objectKey(object)}`);
  }

  /** Nearly every update concerns an object whose owners are all well: those are not queued. */
  private enqueueIfWorthwhile(item: Item): void {
    const { metadata } = item.object;
    const gcFinalizer = metadata?.finalizers?.some((finalizer) => finalizer === foregroundFinalizer || finalizer === orphanFinalizer);
    const troubled = (metadata?.ownerReferences ?? []).some((reference) => {
      const owner = this.findOwner(item, reference);
      return !owner || isWaiting(owner.object);
    });
    if (metadata?.deletionTimestamp ? gcFinalizer : troubled) this.enqueue(item);
  }

  private enqueueDeletingOwners(dependent: KubernetesObject): void {
    for (const reference of dependent.metadata?.ownerReferences ?? []) {
      const resource = this.findKind(reference);
      const kind = resource && this.kinds.get(kindKey(resource));
      const owner = kind?.informer.get(namespacedKey(kind.resource.namespaced ? dependent.metadata?.namespace : undefined, reference.name));
      if (kind && owner?.metadata?.uid === reference.uid && isWaiting(owner)) this.enqueue({ ...kind, object: owner });
    }
  }

  private enqueueDependents(owner: KubernetesObject): void {
    for (const dependent of this.dependentsOf(owner.metadata?.uid ?? '')) this.enqueue(dependent);
  }

  private dependentsOf(uid: string): Item[] {
    return [...this.kinds.values()].flatMap((kind) => kind.informer.byIndex(ownerIndex, uid).map((object) => ({ ...kind, object })));
  }

  /** What the informers know of the owner; undefined: absent, unknown or elsewhere. */
  private findOwner({ resource, object }: Item, reference: OwnerReference): Item | undefined {
    const ownerResource = this.findKind(reference);
    const kind = ownerResource && this.kinds.get(kindKey(ownerResource));
    if (!kind || (kind.resource.namespaced && !resource.namespaced)) return undefined;
    const owner = kind.informer.get(namespacedKey(kind.resource.namespaced ? object.metadata?.namespace : undefined, reference.name));
    return owner?.metadata?.uid === reference.uid ? { ...kind, object: owner } : undefined;
  }

  private async reconcile(key: string): Promise<void> {
    const separator = key.indexOf('|');
    const kind = this.kinds.get(key.slice(0, separator));
    const object = kind?.informer.get(key.slice(separator + 1));
    if (!kind || !object) return;
    const item = { ...kind, object };
    const owners: OwnerState[] = [];
    for (const reference of object.metadata?.ownerReferences ?? []) owners.push(await this.ownerState(item, reference));
    const dependents = this.dependentsOf(object.metadata?.uid ?? '');
    const step = planCollection(object, owners, dependents.length > 0);
    switch (step.do) {
      case 'nothing': return;
      case 'delete':
        if (step.propagationPolicy === 'Foreground' && dependents.some((dependent) => isWaiting(dependent.object))) await this.unblockOwners(item);
        return this.delete(item, step.propagationPolicy);
      case 'drop-references': return this.dropReferences(item, step.uids);
      case 'finish-foreground': return this.finishForeground(item, dependents);
      case 'orphan-dependents': return this.orphanDependents(item, dependents);
    }
  }

  private async ownerState(item: Item, reference: OwnerReference): Promise<OwnerState> {
    const resource = this.findKind(reference);
    if (!resource) return 'unresolvable';
    if (resource.namespaced && !item.resource.namespaced) {
      this.reportInvalid(item, reference);
      return 'unresolvable';
    }
    const known = this.findOwner(item, reference);
    if (known) return isWaiting(known.object) ? 'waiting' : 'solid';
    const namespace = resource.namespaced ? item.object.metadata?.namespace : undefined;
    try {
      const owner = await this.client.resource(resource).get(reference.name, namespace);
      if (owner.metadata?.uid === reference.uid) return isWaiting(owner) ? 'waiting' : 'solid';
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (resource.namespaced && this.existsElsewhere(resource, reference)) this.reportInvalid(item, reference);
    return 'absent';
  }

  private existsElsewhere(resource: Resource, reference: OwnerReference): boolean {
    return this.kinds.get(kindKey(resource))?.informer.list().some((object) => object.metadata?.uid === reference.uid) ?? false;
  }

  private reportInvalid({ object }: Item, { apiVersion, kind, name, uid }: OwnerReference): void {
    const place = object.metadata?.namespace ?? '';
    this.recorder.event(object, 'Warning', 'OwnerRefInvalidNamespace', `ownerRef [${apiVersion}/${kind}, namespace: ${place}, name: ${name}, uid: ${uid}] does not exist in namespace "${place}"`);
  }

  private async delete({ resource, object }: Item, propagationPolicy: 'Background' | 'Foreground' | 'Orphan'): Promise<void> {
    const { name = '', namespace, uid } = object.metadata ?? {};
    await ignoringGone(() => this.client.resource(resource).delete(name, namespace, { propagationPolicy, ...(uid ? { preconditions: { uid } } : {}) }));
  }

  /** In a circle of owners each would wait for the next: where it closes, none is waited for. */
  private async unblockOwners({ resource, object }: Item): Promise<void> {
    await this.modify(resource, object, (copy) => {
      const before = copy.metadata?.ownerReferences ?? [];
      if (!before.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)) return undefined;
      const ownerReferences = before.map((reference) => (reference.blockOwnerDeletion === true ? { ...reference, blockOwnerDeletion: false } : reference));
      return { ...copy, metadata: { ...copy.metadata, ownerReferences } };
    });
  }

  /** Each dependent decides for itself (it sees this owner waiting); the last one that blocks brings us back here. */
  private async finishForeground(item: Item, dependents: readonly Item[]): Promise<void> {
    const blocking = blockingDependents(item.object.metadata?.uid ?? '', dependents.map(({ object }) => object));
    if (blocking.length === 0) {
      await this.removeFinalizer(item, foregroundFinalizer);
      return;
    }
    for (const dependent of dependents) if (!dependent.object.metadata?.deletionTimestamp) this.enqueue(dependent);
  }

  private async orphanDependents(item: Item, dependents: readonly Item[]): Promise<void> {
    for (const dependent of dependents) await this.dropReferences(dependent, [item.object.metadata?.uid ?? '']);
    await this.removeFinalizer(item, orphanFinalizer);
  }

  private async dropReferences({ resource, object }: Item, uids: readonly string[]): Promise<void> {
    await this.modify(resource, object, (copy) => {
      const before = copy.metadata?.ownerReferences ?? [];
      const references = before.filter(({ uid }) => !uids.includes(uid));
      if (references.length === before.length) return undefined;
      const { ownerReferences: _references, ...metadata } = copy.metadata ?? {};
      return { ...copy, metadata: references.length > 0 ? { ...metadata, ownerReferences: references } : metadata };
    });
  }

  private async removeFinalizer({ resource, object }: Item, finalizer: string): Promise<void> {
    await this.modify(resource, object, (copy) => {
      const before = copy.metadata?.finalizers ?? [];
      if (!before.includes(finalizer)) return undefined;
      const { finalizers: _finalizers, ...metadata } = copy.metadata ?? {};
      const finalizers = before.filter((other) => other !== finalizer);
      return { ...copy, metadata: finalizers.length > 0 ? { ...metadata, finalizers } : metadata };
    });
  }

  private async modify(resource: Resource, object: KubernetesObject, change: (copy: KubernetesObject) => KubernetesObject | undefined): Promise<void> {
    const { name = '', namespace, uid } = object.metadata ?? {};
    await ignoringGone(() => this.client.resource(resource).modify(name, namespace, (copy) => (copy.metadata?.uid === uid ? change(copy) : undefined)));
  }
}

function isCollected(resource: Resource): boolean {
  return resource !== events && !resource.virtual && !resource.storedAs;
}

function kindKey(resource: Resource): string {
  return `${apiVersionOf(resource)}/${resource.plural}`;
}

function isWaiting(object: KubernetesObject): boolean {
  return object.metadata?.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).includes(foregroundFinalizer);
}

function turnsForeground(previous: KubernetesObject, current: KubernetesObject): boolean {
  return !isWaiting(previous) && isWaiting(current);
}

/** An object that is gone, replaced (Conflict with its uid) or past changing (Invalid while it is deleted) is settled. */
async function ignoringGone(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error) && !isInvalid(error)) throw error;
  }
}
