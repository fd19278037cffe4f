import type { NodeStatus } from '../../api/core.ts';
import type { EventReport, PodReport, StatusReport } from '../../api/messaging/messages.ts';

/** Events of one report, as messages.ts has it. */
const maximumEventsPerReport = 100;
/** Events kept while the control plane is away; older ones are dropped. */
const maximumEventsKept = 500;
/** Text of one report; well below the message limit of 4 MiB. */
const maximumReportBytes = 512 * 1024;

/** A report under way: give it back to acknowledge or giveBack. */
export interface TakenReport {
  report: StatusReport;
}

/**
 * What is to be reported: the latest status per pod, the latest node status, events. No I/O.
 *
 * INVARIANTS: a report stays dirty until the server has it, or a newer one takes its place. One with `terminated` is never
 * replaced by one without. The latest acknowledged status of each pod is kept, to be sent again after a reconnect: the
 * server may have lost it with an unplugged card.
 */
export class StatusQueue {
  private readonly dirty = new Map<string, PodReport>();
  private readonly acknowledged = new Map<string, PodReport>();
  private node: NodeStatus | undefined;
  private events: EventReport[] = [];

  get isEmpty(): boolean {
    return this.dirty.size === 0 && this.node === undefined && this.events.length === 0;
  }

  report(report: PodReport): void {
    const previous = this.dirty.get(report.uid);
    if (previous?.terminated && !report.terminated) return;
    // A termination without status must not lose the last status that was not sent yet.
    this.dirty.set(report.uid, { ...previous, ...report });
  }

  setNode(status: NodeStatus): void {
    this.node = status;
  }

  addEvent(event: EventReport): void {
    this.events.push(event);
    if (this.events.length > maximumEventsKept) this.events.shift();
  }

  /** As much as one message holds; at least one pod. Undefined when there is nothing. */
  take(): TakenReport | undefined {
    if (this.isEmpty) return undefined;
    const pods: PodReport[] = [];
    let bytes = 0;
    for (const report of this.dirty.values()) {
      bytes += JSON.stringify(report).length;
      if (pods.length > 0 && bytes > maximumReportBytes) break;
      pods.push(report);
    }
    const events = this.events.splice(0, maximumEventsPerReport);
    return { report: { pods, ...(this.node ? { node: this.node } : {}), ...(events.length > 0 ? { events } : {}) } };
  }

  /** @param unknown uids the server does not know. */
  acknowledge({ report }: TakenReport, unknown: readonly string[] = []): void {
    for (const pod of report.pods) {
      const superseded = this.dirty.get(pod.uid) !== pod;
      if (!superseded) this.dirty.delete(pod.uid);
      if (pod.terminated || unknown.includes(pod.uid)) this.acknowledged.delete(pod.uid);
      else this.acknowledged.set(pod.uid, pod);
      if (superseded && unknown.includes(pod.uid)) this.dirty.delete(pod.uid);
    }
    if (report.node === this.node) this.node = undefined;
  }

  /** The report did not reach the server. */
  giveBack({ report }: TakenReport): void {
    this.events = [...(report.events ?? []), ...this.events].slice(-maximumEventsKept);
  }

  /** Everything is to be sent again, but for pods that nobody wants any more. */
  resend(isWanted: (uid: string) => boolean): void {
    for (const [uid, report] of this.acknowledged) {
      if (!isWanted(uid)) this.acknowledged.delete(uid);
      else if (!this.dirty.has(uid)) this.dirty.set(uid, report);
    }
  }
}
