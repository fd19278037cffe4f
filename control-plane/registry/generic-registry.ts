/**
 * The registry over a store: one implementation of all verbs, with a strategy per kind.
 *
 * INVARIANTS
 * - Reads are answered from the store's memory; the objects are shared and frozen.
 * - Between the last admission check and the hand-over to the store nothing waits, so what the check saw still holds for
 *   everything that was handed over earlier.
 */
import type { CustomResourceDefinition } from '../../api/apiextensions.ts';
import type { Service } from '../../api/core.ts';
import { newNotFound } from '../../api/errors.ts';
import { objectKey } from '../../api/meta.ts';
import type { DeleteOptions, KubernetesObject, ObjectList } from '../../api/meta.ts';
import { customResourceDefinitions, ipAddresses, services } from '../../api/resources.ts';
import type { Resource } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Admission } from '../admission/admission.ts';
import { createDefaultAdmission, type WebhookOptions } from '../admission/default-admission.ts';
import { createEscalationCheck, type EscalationCheckOptions } from '../authorization/escalation-check.ts';
import { CustomResourceDefinitions } from '../custom-resources/custom-resource-definitions.ts';
import { listPrefix } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { bindPod } from './bind-pod.ts';
import { IpAllocator } from './core/service/ip-allocator.ts';
import { PortAllocator } from './core/service/port-allocator.ts';
import { AllocationError } from './core/service/range-allocator.ts';
import { ServiceAllocations } from './core/service/service-allocations.ts';
import { conversions } from './conversions.ts';
import { createConvertedRegistry } from './converted-registry.ts';
import { createObject } from './create-object.ts';
import { isOfService } from './networking/ip-address/service-addresses.ts';
import { deleteCollection } from './delete-collection.ts';
import { deleteObject } from './delete-object.ts';
import { EventRetention } from './event-retention.ts';
import { KeyTurns } from './key-turns.ts';
import { listObjects } from './list-objects.ts';
import { systemRandomness } from './randomness.ts';
import type { Randomness } from './randomness.ts';
import { getStored } from './registry-parts.ts';
import type { RegistryParts } from './registry-parts.ts';
import { ObjectConverter } from './object-converter.ts';
import { newTooLarge, parseResourceVersion } from './resource-version.ts';
import { reviewConnect } from './review-connect.ts';
import type { ListQuery, Registry, RequestContext, ResourceRegistry } from './registry.ts';
import { MutableResourceCatalog } from './resource-catalog.ts';
import { createStrategies } from './strategies.ts';
import type { Strategy } from './strategy.ts';
import { updateObject } from './update-object.ts';
import { watchObjects } from './watch-objects.ts';

export interface RegistryOptions {
  storage: Storage;
  clock: Clock;
  logger: Logger;
  /** Default: the system's. */
  random?: Randomness;
  /** Range of ClusterIPs, IPv4. */
  serviceCIDR: string;
  /** Default 30000-32767. */
  nodePortRange?: string;
  /** ClusterIPs kept for one Service each: address → `namespace/name`. Default: the first and the tenth address. */
  reservedClusterIPs?: ReadonlyMap<string, string>;
  /** Default: the admission chain of a cluster. */
  admission?: Admission;
  /** Who may do what, for admission. Absent: roles may grant what their author does not hold. */
  access?: EscalationCheckOptions;
  /** Absent: no webhook is asked. */
  webhooks?: Pick<WebhookOptions, 'client'>;
}

const defaultNodePortRange = '30000-32767';

export interface GenericRegistry extends Registry {
  /** Begins to remove expired events and to act on CustomResourceDefinitions. */
  start(): void;
  stop(): Promise<void>;
}

export function createRegistry(options: RegistryOptions): GenericRegistry {
  const { storage, clock, logger, random = systemRandomness } = options;
  const closingNamespaces = new Set<string>();
  const catalog = new MutableResourceCatalog();
  const converter = new ObjectConverter(catalog, (resource) => conversions.find((one) => one.resource === resource)?.conversion);
  const webhooks = options.webhooks && { ...options.webhooks, converter, logger, findKind: catalog.findKind.bind(catalog), newUid: () => random.uuid() };
  const admission = options.admission ?? createDefaultAdmission({ storage, clock, ...(webhooks ? { webhooks } : {}), ...(options.access ? { authorizer: options.access.authorizer, extensions: [createEscalationCheck(options.access)] } : {}), isNamespaceClosing: (name) => closingNamespaces.has(name) });
  const parts: RegistryParts = { storage, clock, logger, random, admission, turns: new KeyTurns(), closingNamespaces };
  const registries = new Map<Resource, ResourceRegistry>();
  for (const [resource, strategy] of createStrategies({ allocations: createAllocations(options, random), clock })) registries.set(resource, createResourceRegistry(parts, strategy));
  for (const { resource, conversion } of conversions) {
    const stored = resource.storedAs && registries.get(resource.storedAs);
    if (!stored) throw new RangeError(`${resource.plural} are stored as nothing`);
    registries.set(resource, createConvertedRegistry(resource, stored, conversion));
  }
  const retention = new EventRetention({ storage, clock, logger });
  const custom = new CustomResourceDefinitions({
    storage, catalog, clock, logger, random: () => random.integer(2 ** 32) / 2 ** 32,
    definitions: () => registries.get(customResourceDefinitions) as unknown as ResourceRegistry<CustomResourceDefinition>,
    createRegistry: (view, strategy) => createResourceRegistry({ ...parts, storage: view }, strategy),
    ...(options.webhooks ? { converter: { client: options.webhooks.client, newUid: () => random.uuid() } } : {}),
  });
  return {
    catalog,
    checkVersion(resourceVersion) {
      const wanted = parseResourceVersion(resourceVersion);
      if (wanted > storage.revision) throw newTooLarge(wanted, storage.revision);
    },
    of<T extends KubernetesObject>(resource: Resource<T>): ResourceRegistry<T> {
      const registry = registries.get(resource) ?? custom.registryOf(resource);
      if (!registry) throw new RangeError(`no strategy for ${resource.plural}`);
      return registry as unknown as ResourceRegistry<T>;
    },
    bind: (context, namespace, name, binding) => bindPod(parts, context, { namespace, name, binding }),
    reviewConnect: (context, connection) => reviewConnect(parts, context, connection),
    start: () => {
      retention.start();
      custom.start();
    },
    stop: async () => {
      retention.stop();
      await custom.stop();
    },
  };
}

/** Allocators that know what the stored Services have. */
function createAllocations({ storage, logger, serviceCIDR, reservedClusterIPs, nodePortRange = defaultNodePortRange }: RegistryOptions, random: Randomness): ServiceAllocations {
  const allocations = new ServiceAllocations(
    new IpAllocator({ cidr: serviceCIDR, random, reserved: reservedClusterIPs }),
    new PortAllocator({ range: nodePortRange, random }),
  );
  for (const { object } of storage.list(listPrefix(services)).items) {
    try {
      allocations.load(object as Service);
    } catch (error) {
      // The range was changed under the Service, or the record is damaged. It keeps what it has, as in Kubernetes.
      if (!(error instanceof AllocationError)) throw error;
      logger.warn('a service has an address or a port that it may not have', { service: objectKey(object), error });
    }
  }
  for (const { object } of storage.list(listPrefix(ipAddresses)).items) if (!isOfService(object)) allocations.hold(object.metadata?.name ?? '');
  return allocations;
}

function createResourceRegistry<T extends KubernetesObject>(parts: RegistryParts, strategy: Strategy<T>): ResourceRegistry<T> {
  const { resource } = strategy;
  const list = (query: ListQuery): ObjectList<T> => listObjects(parts.storage, strategy, query);
  const remove = (context: RequestContext, name: string, namespace: string | undefined, options: DeleteOptions) =>
    deleteObject({ parts, strategy, context, name, namespace, options });
  return {
    resource,
    create: (context, namespace, object) => createObject({ parts, strategy, context, namespace }, object),
    get(name, namespace) {
      const stored = getStored(parts, resource, namespace, name);
      if (!stored) throw newNotFound(resource, name);
      return stored.object;
    },
    list,
    watch: (query, sink) => watchObjects(parts, strategy, query, sink),
    update: (context, request) => updateObject({ parts, strategy, context, request }),
    delete: remove,
    deleteCollection: (context, query, options) =>
      deleteCollection({ list, remove: (object) => remove(context, object.metadata?.name ?? '', object.metadata?.namespace, options) }, query),
  };
}
