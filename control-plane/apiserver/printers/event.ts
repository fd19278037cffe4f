import type { Event } from '../../../api/core.ts';
import { age } from './human-duration.ts';
import { column, wideColumn, type Printer } from './printer.ts';

export const eventPrinter: Printer<Event> = {
  columns: [
    column('Last Seen', { description: 'When it happened last.' }),
    column('Type', { description: 'Normal or Warning.' }),
    column('Reason', { description: 'One word for what happened.' }),
    column('Object', { description: 'What it happened to.' }),
    wideColumn('Subobject', 'Which part of the object.'),
    wideColumn('Source', 'Who reported it.'),
    column('Message', { description: 'What happened.' }),
    wideColumn('First Seen', 'When it happened first.'),
    wideColumn('Count', 'How often it happened.'),
    { ...wideColumn('Name', 'Name of the event.'), format: 'name' },
  ],
  cells(event, now) {
    const first = age(event.firstTimestamp ?? event.eventTime, now);
    const last = event.series ? age(event.series.lastObservedTime, now) : event.lastTimestamp ? age(event.lastTimestamp, now) : first;
    const { kind = '', name, fieldPath } = event.involvedObject;
    const target = name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
    return [
      last, event.type ?? '', event.reason ?? '', target, fieldPath ?? '', sourceOf(event), (event.message ?? '').trim(), first,
      (event.series ? event.series.count : event.count) || 1, event.metadata.name ?? '',
    ];
  },
};

function sourceOf(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const host = event.source?.host || event.reportingInstance || '';
  return host ? `${component}, ${host}` : component;
}
