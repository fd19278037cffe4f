/** Defaults of Events: in Kubernetes the reference is no pointer, so it is always there. */
import type { Event } from '../../../../api/core.ts';

export function defaultEvent(event: Event): void {
  event.involvedObject = (event.involvedObject as Event['involvedObject'] | undefined) ?? {};
}
