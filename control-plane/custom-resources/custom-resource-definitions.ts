/**
 * Serves what CustomResourceDefinitions define. Follows apiextensions' pkg/apiserver and pkg/controller, in one place.
 *
 * INVARIANTS
 * - The rows follow the store synchronously: when a write of a definition is acknowledged, or seen by a watcher, the catalog
 *   already has the rows of that state. A client that reads Established=True can use the kind at once.
 * - The row objects of a definition stay the same while its spec and its names do.
 * - One worker accepts names, so that no two definitions get the same.
 */
import { isConflict, isNotFound, newMethodNotAllowed } from '../../api/errors.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resource.ts';
import { customResourceDefinitions } from '../../api/resources.ts';
import { timestamp, type Clock } from '../../machinery/clock.ts';
import { Controller } from '../../machinery/controller.ts';
import type { Logger } from '../../machinery/logger.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import type { RequestContext, ResourceRegistry } from '../registry/registry.ts';
import type { MutableResourceCatalog } from '../registry/resource-catalog.ts';
import type { Strategy } from '../registry/strategy.ts';
import { listPrefix, resourcePrefix } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { createCustomVersion, type CustomVersion } from './custom-kind.ts';
import { CustomStorage } from './custom-storage.ts';
import { approvalOf, cleanupFinalizer, hasCondition, isProtectedGroup, storageVersionOf, withCondition, type Condition, type Definition } from './definition.ts';
import { planNaming } from './naming.ts';
import { compileRuleChecker } from './rules.ts';
import { compareVersions } from './version-priority.ts';
import type { WebhookConverter } from './webhook-conversion.ts';
import { createWebhookRegistries } from './webhook-registries.ts';

export interface CustomResourceDefinitionsOptions {
  storage: Storage;
  catalog: MutableResourceCatalog;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Of the definitions themselves. */
  definitions: () => ResourceRegistry<Definition>;
  /** All verbs over a view of the store. */
  createRegistry: <T extends KubernetesObject>(storage: Storage, strategy: Strategy<T>) => ResourceRegistry<T>;
  /** Absent: conversion webhooks fail. */
  converter?: WebhookConverter;
}

interface Served {
  definition: Definition;
  /** The row whose registry answers for all versions: storage, deletion of everything. */
  main: Resource;
  registries: ReadonlyMap<Resource, ResourceRegistry>;
}

const context: RequestContext = { user: { name: 'system:apiserver', groups: ['system:masters'] }, fieldManager: 'kube-apiserver', dryRun: false };
/** Nobody asked for the single objects to go; as in Kubernetes, no webhook can hold a definition back. */
const cleanup: RequestContext = { ...context, admitted: true };
/** How soon a definition that waits for its objects to go looks again. Milliseconds. */
const recheckMs = 500;

export class CustomResourceDefinitions {
  private readonly options: CustomResourceDefinitionsOptions;
  private readonly known = new Map<string, Definition>();
  private readonly served = new Map<string, Served>();
  private readonly controller: Controller;
  private readonly aborter = new AbortController();
  private unwatch: (() => void) | undefined;

  constructor(options: CustomResourceDefinitionsOptions) {
    this.options = options;
    const { storage, clock, logger, random } = options;
    this.controller = new Controller({ name: 'custom-resource-definitions', workers: 1, reconcile: (name) => this.reconcile(name), clock, logger, random });
    const prefix = resourcePrefix(customResourceDefinitions);
    const page = storage.list(prefix);
    for (const { object } of page.items) this.known.set(object.metadata?.name ?? '', object as Definition);
    for (const definition of this.known.values()) this.serve(definition);
    if (this.served.size > 0) this.publish();
    this.unwatch = storage.watch(prefix, page.revision, {
      events: (events) => {
        for (const { type, object } of events) this.follow(type === 'delete' ? undefined : object as Definition, object.metadata?.name ?? '');
      },
      closed: () => { this.unwatch = undefined; },
    });
  }

  /** @returns undefined for a row that is not, or no longer, served. */
  registryOf(resource: Resource): ResourceRegistry | undefined {
    for (const { registries } of this.served.values()) {
      const registry = registries.get(resource);
      if (registry) return registry;
    }
    return undefined;
  }

  start(): void {
    for (const name of this.known.keys()) this.controller.enqueue(name);
    this.controller.start(this.aborter.signal);
  }

  async stop(): Promise<void> {
    this.unwatch?.();
    this.aborter.abort(new Error('custom resource definitions are stopping'));
    await this.controller.stop();
  }

  private follow(definition: Definition | undefined, name: string): void {
    const group = (definition ?? this.known.get(name))?.spec.group;
    const before = this.served.get(name);
    if (definition) {
      this.known.set(name, definition);
      this.serve(definition);
    } else {
      this.known.delete(name);
      this.served.delete(name);
      // Its names are free.
      for (const other of this.known.values()) if (other.spec.group === group) this.controller.enqueue(other.metadata?.name ?? '');
    }
    this.controller.enqueue(name);
    if (this.served.get(name)?.registries !== before?.registries) this.publish();
  }

  /** Makes the rows of a definition, where they are not what they were. */
  private serve(definition: Definition): void {
    const name = definition.metadata?.name ?? '';
    const before = this.served.get(name);
    if (!hasCondition(definition, 'Established')) {
      this.served.delete(name);
      return;
    }
    if (before && deepEqual(before.definition.spec, definition.spec) && deepEqual(before.definition.status?.acceptedNames, definition.status?.acceptedNames)) {
      before.definition = definition;
      return;
    }
    try {
      const made = this.make(definition);
      if (made) this.served.set(name, made);
      else this.served.delete(name);
    } catch (error) {
      // Stored by an earlier version that knew less: the others must be served all the same.
      this.options.logger.error('a custom resource definition cannot be served', { name, error });
      this.served.delete(name);
    }
  }

  private make(definition: Definition): Served | undefined {
    const versions = definition.spec.versions.filter(({ served }) => served).sort((a, b) => compareVersions(a.name, b.name));
    const mainVersion = versions.find(({ storage }) => storage) ?? versions[0];
    if (!mainVersion) return undefined;
    const main = createCustomVersion({ definition, version: mainVersion, storedAs: undefined, compileRules: compileRuleChecker });
    const all = versions.map((version) => (version === mainVersion
      ? main : createCustomVersion({ definition, version, storedAs: main.resource, compileRules: compileRuleChecker })));
    const registries = definition.spec.conversion?.strategy === 'Webhook'
      ? createWebhookRegistries({ ...this.options, definition, versions: all })
      : new Map<Resource, ResourceRegistry>(all.map((version) => [version.resource as Resource, this.viewOf(version)]));
    const name = definition.metadata?.name ?? '';
    for (const [resource, registry] of registries) registries.set(resource, this.refuseWhileTerminating(name, registry));
    return { definition, main: main.resource, registries };
  }

  private viewOf({ form, strategy }: CustomVersion): ResourceRegistry {
    return this.options.createRegistry(new CustomStorage(this.options.storage, form), strategy) as unknown as ResourceRegistry;
  }

  /** What is created while everything is being deleted would be left behind. */
  private refuseWhileTerminating(name: string, registry: ResourceRegistry): ResourceRegistry {
    return {
      ...registry,
      create: async (requestContext, namespace, object) => {
        const definition = this.known.get(name);
        if (!definition || hasCondition(definition, 'Terminating')) throw newMethodNotAllowed(registry.resource, 'create');
        return registry.create(requestContext, namespace, object);
      },
    };
  }

  private publish(): void {
    const rows = [...this.served.values()].flatMap(({ registries }) => [...registries.keys()]);
    rows.sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : compareVersions(a.version, b.version) || (a.plural < b.plural ? -1 : 1)));
    this.options.catalog.setCustomResources(rows);
  }

  private async reconcile(name: string): Promise<void> {
    const definition = this.known.get(name);
    if (!definition) return;
    try {
      if (definition.metadata?.deletionTimestamp) await this.finalize(definition);
      else await this.updateStatus(definition);
    } catch (error) {
      // Gone or changed meanwhile: its event brings it here again.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  private async updateStatus(definition: Definition): Promise<void> {
    const now = timestamp(this.options.clock.now());
    const others = [...this.known.values()].filter((other) => other.spec.group === definition.spec.group && other.metadata?.name !== definition.metadata?.name);
    const { acceptedNames, conditions } = planNaming(definition, others, now);
    const wanted = withApproval(definition, conditions, now);
    if (deepEqual(acceptedNames, definition.status?.acceptedNames) && deepEqual(wanted, definition.status?.conditions)) return;
    await this.options.definitions().update(context, {
      name: definition.metadata?.name ?? '', subresource: 'status',
      change: (current) => ({
        ...current, metadata: { ...current.metadata, resourceVersion: definition.metadata?.resourceVersion },
        status: { storedVersions: [], ...current.status, acceptedNames, conditions: wanted },
      }),
    });
    // A name may have become free, or taken.
    for (const other of others) this.controller.enqueue(other.metadata?.name ?? '');
  }

  /** Deletes every object of the kind, then lets the definition go. */
  private async finalize(definition: Definition): Promise<void> {
    const name = definition.metadata?.name ?? '';
    if (!definition.metadata?.finalizers?.includes(cleanupFinalizer)) return;
    const remaining = await this.deleteObjects(name, definition);
    if (remaining > 0) {
      this.controller.enqueueAfter(name, recheckMs);
      return;
    }
    const registry = this.options.definitions();
    const now = timestamp(this.options.clock.now());
    await registry.update(context, {
      name, subresource: 'status',
      change: (current) => ({
        ...current,
        status: {
          acceptedNames: { plural: '', kind: '' }, storedVersions: [], ...current.status,
          conditions: withCondition(current.status?.conditions ?? [], { type: 'Terminating', status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }, now),
        },
      }),
    });
    await registry.update(context, {
      name,
      change: (current) => ({ ...current, metadata: { ...current.metadata, finalizers: (current.metadata?.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer) } }),
    });
  }

  /** Objects outlive the last version that was served; they go through the version that they are stored in. */
  private registryForDeletion(name: string, definition: Definition): ResourceRegistry {
    const served = this.served.get(name);
    if (served) return served.registries.get(served.main)!;
    const version = storageVersionOf(definition) ?? definition.spec.versions[0]!;
    return this.viewOf(createCustomVersion({ definition, version, storedAs: undefined, compileRules: () => undefined }));
  }

  /** @returns how many are left: objects with finalizers of their own. */
  private async deleteObjects(name: string, definition: Definition): Promise<number> {
    const { spec } = definition;
    const prefix = listPrefix({ group: spec.group, plural: spec.names.plural, namespaced: spec.scope === 'Namespaced' });
    const { storage } = this.options;
    const items = storage.list(prefix).items;
    if (items.length === 0) return 0;
    const registry = this.registryForDeletion(name, definition);
    for (const { object } of items) {
      const { name: objectName = '', namespace, deletionTimestamp, uid } = object.metadata ?? {};
      if (deletionTimestamp) continue;
      try {
        await registry.delete(cleanup, objectName, namespace, uid ? { preconditions: { uid } } : {});
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
    return storage.list(prefix).items.length;
  }
}

/** Groups of the Kubernetes community show whether their API was reviewed. */
function withApproval({ metadata, spec }: Definition, conditions: Condition[], now: string): Condition[] {
  if (!isProtectedGroup(spec.group)) return conditions;
  const { approval, reason } = approvalOf(metadata?.annotations);
  const [status, name] = ({
    approved: ['True', 'ApprovedAnnotation'], bypassed: ['False', 'UnapprovedAnnotation'], missing: ['False', 'MissingAnnotation'], invalid: ['False', 'InvalidAnnotation'],
  } as const)[approval];
  return withCondition(conditions, { type: 'KubernetesAPIApprovalPolicyConformant', status, reason: name, message: reason }, now);
}
