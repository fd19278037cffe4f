import { describe, expect, it } from 'vitest';
import { events } from '../../api/resources.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { eventually } from '../../machinery/testing/eventually.ts';
import { EventRetention } from './event-retention.ts';
import { createTestRegistry } from './testing/test-registry.ts';
import type { TestRegistry } from './testing/test-registry.ts';

async function record(test: TestRegistry, name: string): Promise<void> {
  await test.client.resource(events).create({ metadata: { name, namespace: 'default' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'web' } });
}

function names(test: TestRegistry): string[] {
  return test.registry.of(events).list({ labelSelector: [], fieldSelector: [] }).items.map((event) => event.metadata.name ?? '');
}

describe('events', () => {
  it('live an hour after their last change', async () => {
    const test = await createTestRegistry();
    await record(test, 'early');
    test.registry.start();
    await record(test, 'busy');
    await record(test, 'quiet');
    await test.clock.advance(40 * 60_000);
    await test.client.resource(events).modify('busy', 'default', (copy) => ({ ...copy, count: 2 }));
    await test.clock.advance(21 * 60_000);
    expect(names(test)).toEqual(['busy']);
    await test.clock.advance(40 * 60_000);
    expect(names(test)).toEqual([]);
    await test.registry.stop();
  });

  it('stay when nobody sweeps any more', async () => {
    const test = await createTestRegistry();
    test.registry.start();
    await record(test, 'a');
    await test.registry.stop();
    await test.clock.advance(120 * 60_000);
    expect(names(test)).toEqual(['a']);
  });

  it('are no more than the bound: the oldest go', async () => {
    const test = await createTestRegistry();
    const retention = new EventRetention({ storage: test.storage, clock: test.clock, logger: silentLogger, maximum: 3 });
    retention.start();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await record(test, name);
    await eventually(() => { expect(names(test)).toEqual(['c', 'd', 'e']); return true; });
    retention.stop();
  });

  it('are never durable', async () => {
    const test = await createTestRegistry();
    const durable: boolean[] = [];
    const commit = test.storage.commit.bind(test.storage);
    test.storage.commit = (mutations) => {
      durable.push(...mutations.map((mutation) => mutation.durable));
      return commit(mutations);
    };
    await record(test, 'a');
    await test.client.resource(events).modify('a', 'default', (copy) => ({ ...copy, count: 2 }));
    await test.client.resource(events).delete('a', 'default');
    expect(durable).toEqual([false, false, false]);
  });
});
