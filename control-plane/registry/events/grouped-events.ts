/** events.k8s.io/v1 Events are core Events with other names for their fields. Follows pkg/apis/events/v1/conversion.go. */
import type { Event } from '../../../api/core.ts';
import type { Event as GroupedEvent } from '../../../api/events.ts';
import type { Conversion } from '../converted-registry.ts';
import { validateGroupedEvent } from '../core/event/validation.ts';

/** Name in events.k8s.io → name in core. */
const renamed = {
  regarding: 'involvedObject', note: 'message', reportingController: 'reportingComponent', deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp', deprecatedLastTimestamp: 'lastTimestamp', deprecatedCount: 'count',
} as const satisfies Partial<Record<keyof GroupedEvent, keyof Event>>;
const restored = Object.fromEntries(Object.entries(renamed).map(([grouped, core]) => [core, grouped]));

function rename(object: object, names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]): [string, unknown] => [(Object.hasOwn(names, name) ? names[name] : undefined) ?? name, value as unknown]));
}

export function toCoreEvent(event: GroupedEvent): Event {
  return { ...rename(event, renamed), apiVersion: 'v1' } as unknown as Event;
}

export const groupedEventConversion: Conversion<GroupedEvent, Event> = {
  toStored: toCoreEvent,
  fromStored: (event) => ({ ...rename(event, restored), apiVersion: 'events.k8s.io/v1' }) as unknown as GroupedEvent,
  validate: validateGroupedEvent,
  storedField(field) {
    if (field === 'reportingController') return 'source';
    return field.startsWith('regarding.') ? `involvedObject.${field.slice('regarding.'.length)}` : field;
  },
};
