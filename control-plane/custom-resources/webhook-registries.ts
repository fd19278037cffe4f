/**
 * The registries of a definition whose versions are converted by a webhook. The storage version's registry is the one with
 * the store; the others convert on the way in and out. Objects that an earlier storage version left in the store are
 * converted before the registry looks at them, once each.
 */
import type { KubernetesObject } from '../../api/meta.ts';
import { newInvalid } from '../../api/errors.ts';
import { apiVersionOf, type Resource } from '../../api/resource.ts';
import { createConvertedRegistry } from '../registry/converted-registry.ts';
import { deepClone } from '../registry/deep-clone.ts';
import type { RegistryWatch, RegistryWatchSink, ResourceRegistry, WatchQuery } from '../registry/registry.ts';
import type { Strategy } from '../registry/strategy.ts';
import { listPrefix, storageKey } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { newInternalError, StatusError } from '../../api/errors.ts';
import { createCustomVersion, type CustomVersion } from './custom-kind.ts';
import type { CustomObject } from './custom-strategy.ts';
import { CustomStorage } from './custom-storage.ts';
import { storageVersionOf, type Definition } from './definition.ts';
import { compileRuleChecker } from './rules.ts';
import { convertByWebhook, type WebhookConverter } from './webhook-conversion.ts';

export interface WebhookRegistriesOptions {
  storage: Storage;
  definition: Definition;
  /** The served ones. */
  versions: readonly CustomVersion[];
  createRegistry: <T extends KubernetesObject>(storage: Storage, strategy: Strategy<T>) => ResourceRegistry<T>;
  converter?: WebhookConverter;
}

export function createWebhookRegistries(options: WebhookRegistriesOptions): Map<Resource, ResourceRegistry> {
  const { definition, versions } = options;
  const wanted = storageVersionOf(definition)!;
  // The storage version need not be served.
  const stored = versions.find(({ resource }) => resource.version === wanted.name)
    ?? createCustomVersion({ definition, version: wanted, storedAs: undefined, compileRules: compileRuleChecker });
  const base = createStoredRegistry(options, stored);
  return new Map(versions.map((version) => [
    version.resource as Resource,
    (version === stored ? base : createVersionRegistry(options, version, stored, base)) as unknown as ResourceRegistry,
  ]));
}

function createVersionRegistry({ definition, converter }: WebhookRegistriesOptions, version: CustomVersion, stored: CustomVersion, base: ResourceRegistry<CustomObject>): ResourceRegistry<CustomObject> {
  const convert = async (objects: readonly KubernetesObject[], to: CustomVersion): Promise<CustomObject[]> => {
    const converted = await convertByWebhook(converter, definition, objects, apiVersionOf(to.resource));
    return converted.map((object) => to.form.read(object) as CustomObject);
  };
  return createConvertedRegistry(version.resource, base, {
    async toStored(object, old) {
      const given = deepClone(object);
      version.strategy.defaults(given);
      const errors = old ? version.strategy.validateUpdate(given, old) : version.strategy.validate(given);
      if (errors.length > 0) throw newInvalid(version.resource, given.metadata?.name ?? '', errors);
      const [converted] = await convert([{ ...given, apiVersion: apiVersionOf(version.resource), kind: version.resource.kind }], stored);
      return deepClone(converted!);
    },
    async fromStored(object) {
      const [converted] = await convert([object], version);
      return deepClone(converted!);
    },
    async listFromStored(objects) {
      return (await convert(objects, version)).map((object) => deepClone(object));
    },
  });
}

/** The registry of the storage version, over objects that are all in it. */
function createStoredRegistry(options: WebhookRegistriesOptions, version: CustomVersion): ResourceRegistry<CustomObject> {
  const { storage, definition, converter } = options;
  const apiVersion = apiVersionOf(version.resource);
  const converted = new WeakMap<KubernetesObject, KubernetesObject>();
  const registry = options.createRegistry(new CustomStorage(storage, {
    read(stored) {
      const current = stored.apiVersion === apiVersion ? stored : converted.get(stored);
      // Only what a watch finds in the history is not converted before it is looked at.
      return current ? version.form.read(current) : stored;
    },
    write: (object) => version.form.write(object),
    isStale: (stored) => version.form.isStale(stored),
  }), version.strategy);
  const foreign = (objects: readonly KubernetesObject[]): KubernetesObject[] => objects.filter((object) => object.apiVersion !== apiVersion && !converted.has(object));
  const prepare = async (objects: readonly KubernetesObject[]): Promise<void> => {
    const results = await convertByWebhook(converter, definition, objects, apiVersion);
    objects.forEach((object, index) => converted.set(object, results[index]!));
  };
  const prepareOne = async (name: string, namespace: string | undefined): Promise<void> => {
    const found = storage.get(storageKey(version.resource, namespace, name));
    if (found && foreign([found.object]).length > 0) await prepare([found.object]);
  };
  const unprepared = (namespace: string | undefined): KubernetesObject[] => foreign(storage.list(listPrefix(version.resource, namespace)).items.map(({ object }) => object));
  return {
    ...registry,
    get(name, namespace) {
      const found = storage.get(storageKey(version.resource, namespace, name));
      return found && foreign([found.object]).length > 0 ? prepareOne(name, namespace).then(() => registry.get(name, namespace)) : registry.get(name, namespace);
    },
    list(query) {
      const missing = unprepared(query.namespace);
      return missing.length > 0 ? prepare(missing).then(() => registry.list(query)) : registry.list(query);
    },
    watch(query, sink) {
      const missing = unprepared(query.namespace);
      return missing.length > 0 ? watchLater(prepare(missing), registry, query, sink) : registry.watch(query, sink);
    },
    async update(context, request) {
      await prepareOne(request.name, request.namespace);
      return registry.update(context, request);
    },
    async deleteCollection(context, query, deleteOptions) {
      const missing = unprepared(query.namespace);
      if (missing.length > 0) await prepare(missing);
      return registry.deleteCollection(context, query, deleteOptions);
    },
  };
}

function watchLater(ready: Promise<void>, registry: ResourceRegistry<CustomObject>, query: WatchQuery, sink: RegistryWatchSink): RegistryWatch {
  let watch: RegistryWatch | undefined;
  let stopped = false;
  ready.then(() => {
    if (!stopped) watch = registry.watch(query, sink);
  }).catch((error: unknown) => {
    if (stopped) return;
    stopped = true;
    sink.event({ type: 'ERROR', object: (error instanceof StatusError ? error : newInternalError(String(error), error)).status });
    sink.closed();
  });
  return {
    stop() {
      stopped = true;
      watch?.stop();
    },
  };
}
