import { describe, expect, it } from 'vitest';
import { StatusError } from '../../api/errors.ts';
import { pods, resources } from '../../api/resources.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { createMemoryStore } from '../storage/memory-store.ts';
import { StorageFailedError } from '../storage/storage.ts';
import { IpAllocator } from './core/service/ip-allocator.ts';
import { PortAllocator } from './core/service/port-allocator.ts';
import { ServiceAllocations } from './core/service/service-allocations.ts';
import { createRegistry } from './generic-registry.ts';
import { createStrategies } from './strategies.ts';
import { refusal } from './testing/refusal.ts';
import { createTestRegistry } from './testing/test-registry.ts';
import { sequentialRandomness } from './testing/sequential-randomness.ts';

const random = sequentialRandomness();

describe('the registry', () => {
  const strategies = createStrategies({
    allocations: new ServiceAllocations(new IpAllocator({ cidr: '198.18.0.0/24', random }), new PortAllocator({ range: '30000-32767', random })),
    clock: new FakeClock(),
  });

  it.each(resources.map((resource) => [resource.plural, resource] as const))('serves %s with a strategy that fits the row of the table', async (_, resource) => {
    const { registry } = await createTestRegistry();
    expect(registry.of(resource).resource).toBe(resource);
    const strategy = strategies.get(resource);
    expect(strategy?.prepareForStatusUpdate !== undefined).toBe(resource.subresources.includes('status'));
    expect(strategy?.prepareForFinalize !== undefined).toBe(resource.subresources.includes('finalize'));
    const empty: object = { metadata: {}, involvedObject: {}, spec: {}, status: {} };
    for (const field of strategy?.selectableFields ?? []) expect(strategy?.selectField(empty, field)).toBeTypeOf('string');
  });

  it.each(resources.map((resource) => [resource.kind, resource] as const))('answers a %s with nothing in it, or refuses it with a Status', async (_, resource) => {
    const { registry, context } = await createTestRegistry();
    for (const [index, body] of [{}, { spec: {} }, { spec: {}, status: {} }].entries()) {
      const namespace = resource.namespaced ? 'default' : undefined;
      const attempt = registry.of(resource).create(context, namespace, { metadata: { name: `empty-${index}` }, ...body });
      const error: unknown = await attempt.then(() => undefined, (reason: unknown) => reason);
      if (error !== undefined) expect(error).toBeInstanceOf(StatusError);
    }
  });

  it('knows no other kinds', async () => {
    const { registry } = await createTestRegistry();
    expect(() => registry.of({ ...pods, plural: 'podlets' })).toThrow(RangeError);
  });

  it('refuses ranges that are none', () => {
    const start = (options: { serviceCIDR: string; nodePortRange?: string }) => () => createRegistry({ storage: createMemoryStore(), clock: new FakeClock(), logger: silentLogger, ...options });
    expect(start({ serviceCIDR: 'x' })).toThrow(RangeError);
    expect(start({ serviceCIDR: '198.18.0.0/16', nodePortRange: '5' })).toThrow(RangeError);
  });

  it('answers 500 and logs when the disk refuses a write', async () => {
    const logged: string[] = [];
    const logger: Logger = { ...silentLogger, error: (message) => logged.push(message) };
    const test = await createTestRegistry({ logger });
    const refusedFor = async (cause: string) => {
      test.storage.commit = () => Promise.reject(new StorageFailedError('the disk refused a write', { cause: new Error(cause) }));
      return refusal(test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } }));
    };
    expect(await refusedFor('IO error: x: No space left on device')).toMatchObject({ code: 500, message: "Internal error occurred: the storage refused the write: the control plane's disk is full; nothing was changed, free some space" });
    expect(await refusedFor('IO error: x: Input/output error')).toMatchObject({ code: 500, message: "Internal error occurred: the storage refused the write: the control plane's disk gave an error, which is in its log; nothing was changed" });
    expect(logged).toEqual(['the storage refused a write', 'the storage refused a write']);
  });
});
