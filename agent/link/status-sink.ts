/** Where pod statuses and node facts go: the NATS link sends them, again until acknowledged. */
import type { EventReport, PodReport } from '../../api/messaging/messages.ts';

export interface StatusSink {
  /** Latest wins per pod uid; a report with `terminated` is never overwritten by one without. */
  report(report: PodReport): void;
  /** Best effort; repeats are folded by the server. */
  event(event: EventReport): void;
}
