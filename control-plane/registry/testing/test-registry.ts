/** A registry over a memory store, with the namespaces and service accounts that a running cluster has. */
import { namespaces, serviceAccounts } from '../../../api/resources.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { FakeClock } from '../../../machinery/testing/fake-clock.ts';
import type { ApiClient } from '../../../machinery/client.ts';
import { createMemoryStore } from '../../storage/memory-store.ts';
import type { Storage } from '../../storage/storage.ts';
import { createRegistry } from '../generic-registry.ts';
import type { GenericRegistry, RegistryOptions } from '../generic-registry.ts';
import { createLocalClient } from '../local-client.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resource.ts';
import type { RequestContext, StoredRegistry } from '../registry.ts';
import { sequentialRandomness } from './sequential-randomness.ts';

export interface TestRegistry {
  /** Tests read kinds that have a store of their own. */
  registry: Omit<GenericRegistry, 'of'> & { of<T extends KubernetesObject>(resource: Resource<T>): StoredRegistry<T> };
  client: ApiClient;
  storage: Storage;
  clock: FakeClock;
  context: RequestContext;
}

export const testUser = { name: 'tester', groups: ['system:masters'] };

/** @param options.namespaces beside default and kube-system. */
export async function createTestRegistry(options: Partial<RegistryOptions> & { namespaces?: string[] } = {}): Promise<TestRegistry> {
  const { namespaces: more = [], ...registryOptions } = options;
  const clock = new FakeClock();
  const storage = registryOptions.storage ?? createMemoryStore();
  const registry = createRegistry({
    storage, clock, logger: silentLogger, random: sequentialRandomness(), serviceCIDR: '198.18.0.0/16', ...registryOptions,
  });
  const context: RequestContext = { user: testUser, fieldManager: 'test', dryRun: false };
  for (const name of ['default', 'kube-system', ...more]) {
    await registry.of(namespaces).create(context, undefined, { metadata: { name } });
    await registry.of(serviceAccounts).create(context, name, { metadata: { name: 'default' } });
  }
  return { registry: registry as TestRegistry['registry'], storage, clock, context, client: createLocalClient(registry, testUser) };
}
