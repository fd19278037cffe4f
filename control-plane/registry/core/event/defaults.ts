/** Defaults of Events: in Kubernetes the reference is no pointer, so it is always there. */
import type { Event } from '../../../../api/core.ts';

export function defaultEvent(event: Event): void {
  const given: Partial<Event> = event;
  given.involvedObject ??= {};
}
