import { describe, expect, it } from 'vitest';
import type { Event } from '../../../api/events.ts';
import { events, groupedEvents } from '../../../api/resources.ts';
import type { ResourceRegistry } from '../registry.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestRegistry } from '../testing/test-registry.ts';

const event: Event = {
  metadata: { name: 'web.1' }, eventTime: '2026-01-01T00:00:00.000000Z', regarding: { kind: 'Pod', namespace: 'default', name: 'web' },
  reason: 'Scheduled', action: 'Binding', note: 'placed', type: 'Normal', reportingController: 'bramble.example/scheduler', reportingInstance: 'pi-1',
};

describe('events.k8s.io', () => {
  it('shows core events under other names, and stores what it is given as core events', async () => {
    const { registry, context } = await createTestRegistry();
    const store: ResourceRegistry<Event> = registry.of(groupedEvents);
    const created = await store.create(context, 'default', event);
    expect(created).toMatchObject({ ...event, apiVersion: 'events.k8s.io/v1', kind: 'Event' });
    const stored = registry.of(events).get('web.1', 'default');
    expect(stored).toMatchObject({ apiVersion: 'v1', message: 'placed', reportingComponent: 'bramble.example/scheduler', involvedObject: { name: 'web' } });
    expect(stored).not.toHaveProperty('note');
    await registry.of(events).create(context, 'default', { metadata: { name: 'old' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'db' }, count: 3, source: { component: 'kubelet' }, lastTimestamp: '2026-01-01T00:00:00Z' });
    expect(await store.get('old', 'default')).toMatchObject({ regarding: { name: 'db' }, deprecatedCount: 3, deprecatedSource: { component: 'kubelet' }, deprecatedLastTimestamp: '2026-01-01T00:00:00Z' });
    const { items } = await store.list({ namespace: 'default', labelSelector: [], fieldSelector: [{ field: 'regarding.name', equal: true, value: 'db' }] });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['old']);
  });

  it.each<[string, Partial<Event>, string]>([
    ['no time', { eventTime: undefined }, 'eventTime: Required value'],
    ['another type', { type: 'Odd' }, 'type: Invalid value: "": has invalid value: Odd'],
    ['what the old recorder counted', { deprecatedCount: 2 }, 'count: Invalid value: "": needs to be unset'],
    ['a series of one', { series: { count: 1, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }, 'series.count: Invalid value: "": should be at least 2'],
  ])('refuses %s', async (_title, change, message) => {
    const { registry, context } = await createTestRegistry();
    expect((await refusal(registry.of(groupedEvents).create(context, 'default', { ...event, ...change }))).message).toBe(`Event.events.k8s.io "web.1" is invalid: ${message}`);
  });

  it('lets the series and the note change, and nothing else', async () => {
    const { registry, context } = await createTestRegistry();
    const store = registry.of(groupedEvents);
    await store.create(context, 'default', event);
    const series = { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' };
    expect(await store.update(context, { name: 'web.1', namespace: 'default', change: (current) => ({ ...current, series }) })).toMatchObject({ series });
    expect(await store.update(context, { name: 'web.1', namespace: 'default', change: (current) => ({ ...current, note: 'x' }) })).toMatchObject({ note: 'x' });
    expect((await refusal(store.update(context, { name: 'web.1', namespace: 'default', change: (current) => ({ ...current, reason: 'x' }) }))).message)
      .toBe('Event.events.k8s.io "web.1" is invalid: reason: Invalid value: "x": field is immutable');
  });
});
