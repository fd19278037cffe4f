import type { Pod } from '../../api/core.ts';
import { objectKey } from '../../api/meta.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { ClusterEvent } from './framework/interface.ts';
import { Heap } from './heap.ts';

interface Entry {
  pod: Pod;
  attempts: number;
  /** Monotonic milliseconds. */
  lastAttempt: number;
  /** Order among equals: who waits longer goes first. */
  since: number;
  sequence: number;
  /** An event that may help came while the pod was being tried. */
  overtakenBy: Set<ClusterEvent>;
  place:
    | { in: 'active' }
    | { in: 'trying' }
    | { in: 'backoff'; timer: Timer }
    | { in: 'unschedulable'; events: ReadonlySet<ClusterEvent>; timer: Timer };
}

const initialBackoffMs = 1_000;
const maximumBackoffMs = 10_000;
/** Should an event have been overlooked, this mends it. */
const unschedulableMs = 5 * 60_000;

/**
 * Pods that wait for a node.
 *
 * ```
 *   add ──▶ active ──next──▶ trying ──done──▶ (gone)
 *             ▲                │ failed
 *             │ time is up     ▼
 *           backoff ◀─event── unschedulable
 * ```
 * Higher priority first, then who waits longer.
 */
export class SchedulingQueue {
  private readonly clock: Clock;
  private readonly onReady: () => void;
  private readonly entries = new Map<string, Entry>();
  /** Every active entry is in it once. Those that were removed meanwhile are passed over when they come up. */
  private readonly active = new Heap<Entry>(isBefore);
  private sequence = 0;

  /** @param onReady called when next() has something. */
  constructor({ clock, onReady }: { clock: Clock; onReady: () => void }) {
    this.clock = clock;
    this.onReady = onReady;
  }

  /** A pod that wants a node, or its newer version. A changed spec or label is a reason to try at once. */
  add(pod: Pod): void {
    const key = objectKey(pod);
    const present = this.entries.get(key);
    if (present && present.pod.metadata?.uid === pod.metadata?.uid) {
      present.pod = pod;
      return;
    }
    this.remove(pod);
    this.sequence += 1;
    const entry: Entry = {
      pod, attempts: 0, lastAttempt: 0, since: this.clock.monotonic(), sequence: this.sequence, overtakenBy: new Set(), place: { in: 'active' },
    };
    this.entries.set(key, entry);
    this.active.push(entry);
    this.onReady();
  }

  /** The pod was changed in a way that may make it schedulable. */
  changed(pod: Pod): void {
    this.add(pod);
    const entry = this.entries.get(objectKey(pod));
    if (entry?.place.in === 'unschedulable') this.activate(entry);
  }

  remove(pod: Pod): void {
    const key = objectKey(pod);
    const entry = this.entries.get(key);
    if (!entry) return;
    cancelTimer(entry);
    this.entries.delete(key);
  }

  /** The pod to try now; tell what came of it with failed() or remove(). */
  next(): Pod | undefined {
    let best = this.active.pop();
    while (best && this.entries.get(objectKey(best.pod)) !== best) best = this.active.pop();
    if (!best) return undefined;
    best.place = { in: 'trying' };
    best.attempts += 1;
    best.lastAttempt = this.clock.monotonic();
    best.overtakenBy.clear();
    return best.pod;
  }

  /** It fits nowhere until one of these events. */
  unschedulable(pod: Pod, events: ReadonlySet<ClusterEvent>): void {
    const entry = this.entries.get(objectKey(pod));
    if (!entry || entry.place.in !== 'trying') return;
    if ([...events].some((event) => entry.overtakenBy.has(event))) return this.backOff(entry);
    entry.place = { in: 'unschedulable', events, timer: this.clock.after(unschedulableMs, () => this.activate(entry)) };
  }

  /** Something else went wrong: again after a while. */
  failed(pod: Pod): void {
    const entry = this.entries.get(objectKey(pod));
    if (entry?.place.in === 'trying') this.backOff(entry);
  }

  /** Wakes the pods that this may help. */
  happened(event: ClusterEvent): void {
    for (const entry of this.entries.values()) {
      if (entry.place.in === 'trying') entry.overtakenBy.add(event);
      else if (entry.place.in === 'unschedulable' && entry.place.events.has(event)) this.backOff(entry);
    }
  }

  stop(): void {
    for (const entry of this.entries.values()) cancelTimer(entry);
    this.entries.clear();
    this.active.clear();
  }

  /** The wait counts from the last attempt, so one that is long over does not wait again. */
  private backOff(entry: Entry): void {
    cancelTimer(entry);
    const backoff = Math.min(maximumBackoffMs, initialBackoffMs * 2 ** (entry.attempts - 1));
    const delay = entry.lastAttempt + backoff - this.clock.monotonic();
    if (delay <= 0) return this.activate(entry);
    entry.place = { in: 'backoff', timer: this.clock.after(delay, () => this.activate(entry)) };
  }

  private activate(entry: Entry): void {
    cancelTimer(entry);
    entry.place = { in: 'active' };
    this.active.push(entry);
    this.onReady();
  }
}

function isBefore(left: Entry, right: Entry): boolean {
  const priorities = (right.pod.spec?.priority ?? 0) - (left.pod.spec?.priority ?? 0);
  return (priorities || left.since - right.since || left.sequence - right.sequence) < 0;
}

function cancelTimer({ place }: Entry): void {
  if (place.in === 'backoff' || place.in === 'unschedulable') place.timer.cancel();
}
