/**
 * Empties a terminating namespace and lets it go. Follows k8s.io/kubernetes/pkg/controller/namespace.
 *
 * Pods go first and everything else only when they are gone: they may need their Secrets, ConfigMaps and Services until
 * their last second (KEP-5080).
 */
import type { Namespace } from '../../../api/core.ts';
import { isConflict, isNotFound } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { events, namespaces, pods } from '../../../api/resources.ts';
import type { Resource } from '../../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../../machinery/client.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ExtensionContent } from '../../aggregation/extension-content.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';
import type { ResourceCatalog } from '../../registry/resource-catalog.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { namespaceConditions } from './namespace-conditions.ts';
import type { Remainder } from './namespace-conditions.ts';

export const kubernetesFinalizer = 'kubernetes';

/** Content that goes away by itself is noticed at once; this is for what nobody watches. Milliseconds. */
const recheckMs = 15_000;

export class NamespaceController implements RunnableController {
  private readonly api: ApiClient;
  private readonly client: ResourceClient<Namespace>;
  private readonly informer: Informer<Namespace>;
  private readonly catalog: ResourceCatalog;
  private readonly clock: Clock;
  private readonly controller: Controller;
  private readonly extensions: Pick<ExtensionContent, 'deleteFrom'> | undefined;

  /** @param extensions absent: no extension server keeps anything (tests). */
  constructor({ client, catalog, informers, clock, logger, random }: ControllerContext, extensions?: Pick<ExtensionContent, 'deleteFrom'>) {
    this.extensions = extensions;
    this.api = client;
    this.client = client.resource(namespaces);
    this.informer = informers.of(namespaces);
    this.clock = clock;
    this.controller = new Controller({ name: 'namespace', workers: 2, reconcile: (key) => this.reconcile(key), clock, logger, random });
    const enqueue = (namespace: Namespace) => {
      if (namespace.metadata?.deletionTimestamp) this.controller.enqueue(namespace.metadata.name ?? '');
    };
    this.informer.addHandler({ added: enqueue, updated: (_previous, namespace) => enqueue(namespace), deleted: () => {} });
    const contentChanged = (object: KubernetesObject) => {
      const namespace = this.informer.get(object.metadata?.namespace ?? '');
      if (namespace) enqueue(namespace);
    };
    this.catalog = catalog;
    // Content of custom kinds is looked for again and again: what goes away there is no hurry.
    for (const resource of catalog.resources.filter((row) => hasContent(row) && row !== events && !row.custom)) {
      informers.of(resource).addHandler({ added: contentChanged, updated: () => {}, deleted: contentChanged });
    }
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(name: string): Promise<void> {
    const namespace = this.informer.get(name);
    if (!namespace?.metadata?.deletionTimestamp || !namespace.spec?.finalizers?.includes(kubernetesFinalizer)) return;
    const failures: Error[] = [];
    const remainders: Remainder[] = await this.deleteContent(name, failures);
    // Pods may need what is left until their last second.
    const elsewhere = remainders.some(({ resource }) => resource === pods) ? undefined : await this.extensions?.deleteFrom(name);
    const undiscovered = elsewhere?.undiscovered ?? [];
    remainders.push(...elsewhere?.remainders ?? []);
    failures.push(...elsewhere?.failures ?? []);
    try {
      if (remainders.length === 0 && failures.length === 0 && undiscovered.length === 0) {
        await this.finalize(name);
        return;
      }
      await this.writeConditions(namespace, { remainders, failures: failures.map(({ message }) => message), undiscovered });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    if (failures[0]) throw failures[0];
    this.controller.enqueueAfter(name, recheckMs);
  }

  /** @returns kinds of which something is left: terminating pods, objects with finalizers. */
  private async deleteContent(namespace: string, failures: Error[]): Promise<Remainder[]> {
    const remainingPods = await this.deleteKind(pods, namespace, failures);
    if (remainingPods) return [remainingPods];
    const remainders: Remainder[] = [];
    for (const resource of this.catalog.resources.filter((row) => hasContent(row) && row !== pods)) {
      const remainder = await this.deleteKind(resource, namespace, failures);
      if (remainder) remainders.push(remainder);
    }
    return remainders;
  }

  private async deleteKind(resource: Resource, namespace: string, failures: Error[]): Promise<Remainder | undefined> {
    const client = this.api.resource(resource);
    const { items } = await client.list({ namespace });
    for (const { metadata } of items) {
      if (metadata?.deletionTimestamp) continue;
      try {
        await client.delete(metadata?.name ?? '', namespace, { propagationPolicy: 'Background', ...(metadata?.uid ? { preconditions: { uid: metadata.uid } } : {}) });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) failures.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
    const objects = items.length > 0 ? (await client.list({ namespace })).items : [];
    return objects.length > 0 ? { resource, objects } : undefined;
  }

  private async writeConditions(namespace: Namespace, found: Parameters<typeof namespaceConditions>[1]): Promise<void> {
    await this.client.modify(namespace.metadata?.name ?? '', undefined, (copy) => {
      const current = copy.status?.conditions ?? [];
      const conditions = namespaceConditions(current, found, this.clock.now());
      if (copy.metadata?.uid !== namespace.metadata?.uid || semanticEqual(current, conditions)) return undefined;
      return { ...copy, status: { ...copy.status, phase: 'Terminating', conditions } };
    }, 'status');
  }

  private async finalize(name: string): Promise<void> {
    await this.client.modify(name, undefined, (copy) => {
      const finalizers = copy.spec?.finalizers ?? [];
      if (!copy.metadata?.deletionTimestamp || !finalizers.includes(kubernetesFinalizer)) return undefined;
      return { ...copy, spec: { ...copy.spec, finalizers: finalizers.filter((finalizer) => finalizer !== kubernetesFinalizer) } };
    }, 'finalize');
  }
}

function hasContent(resource: Resource): boolean {
  return resource.namespaced && !resource.virtual && !resource.storedAs;
}
