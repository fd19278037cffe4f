/** Events: in memory only, for an hour. Follows pkg/registry/core/event. */
import type { Event } from '../../../../api/core.ts';
import { events } from '../../../../api/resources.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import { defaultEvent } from './defaults.ts';
import { validateEvent, validateEventUpdate } from './validation.ts';

export const eventStrategy: Strategy<Event> = {
  ...plainStrategy,
  resource: events,
  allowCreateOnUpdate: true,
  defaults: defaultEvent,
  validate: validateEvent,
  validateUpdate: validateEventUpdate,
  selectableFields: [
    'involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid', 'involvedObject.apiVersion',
    'involvedObject.resourceVersion', 'involvedObject.fieldPath', 'reason', 'reportingComponent', 'source', 'type',
  ],
  selectField(event, field) {
    const [parent, child] = field.split('.');
    if (parent === 'involvedObject') return (event.involvedObject as Record<string, string | undefined>)[child ?? ''] ?? '';
    switch (field) {
      case 'reason': return event.reason ?? '';
      case 'reportingComponent': return event.reportingComponent ?? '';
      case 'source': return event.source?.component || event.reportingComponent || '';
      case 'type': return event.type ?? '';
      default: return '';
    }
  },
  isVolatile: () => true,
};
