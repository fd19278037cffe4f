import type { StateKey, StateKind, StateMessage, StateObject } from '../../api/messaging/messages.ts';
import { sameStateObject, stateKeyOf } from './state-key.ts';

export type ApplyResult =
  /** The state moved on. `changedKeys` are the upserted and removed ones that differ from before. */
  | { outcome: 'applied'; changedKeys: StateKey[] }
  /** A part of several, or something already known: nothing to do. */
  | { outcome: 'ignored' }
  /** Something was missed: send a SyncRequest. */
  | { outcome: 'needsSync' };

/** Parts of one state that are kept until all are there. A state of more is not ours to hold. */
const maximumParts = 4096;

export type ObjectOfKind<K extends StateKind> = Extract<StateObject, { kind: K }>['object'];

interface Assembly {
  epoch: string;
  from: number;
  to: number;
  parts: Map<number, StateMessage>;
  /** Number of parts, once the last one is there. */
  total: number | undefined;
}

/**
 * The receiving side of the state protocol (api/messaging/messages.ts). Messages may be lost, repeated or overtake each
 * other: after the answer to a SyncRequest the state is the publisher's. Pure, no I/O.
 */
export class StateReceiver {
  private readonly objects = new Map<StateKey, StateObject>();
  private currentEpoch = '';
  private currentRevision = 0;
  private assembly: Assembly | undefined;

  /** '' before the first state. */
  get epoch(): string {
    return this.currentEpoch;
  }

  get revision(): number {
    return this.currentRevision;
  }

  /** Continues from what was saved: the publisher sends deltas if it still counts in that epoch. */
  restore(saved: { epoch: string; revision: number; objects: readonly StateObject[] }): void {
    this.objects.clear();
    for (const object of saved.objects) this.objects.set(stateKeyOf(object), object);
    this.currentEpoch = saved.epoch;
    this.currentRevision = saved.revision;
    this.assembly = undefined;
  }

  get(key: StateKey): StateObject | undefined {
    return this.objects.get(key);
  }

  all(): StateObject[] {
    return [...this.objects.values()];
  }

  /** Objects of one kind. */
  ofKind<K extends StateKind>(kind: K): ObjectOfKind<K>[] {
    const found: ObjectOfKind<K>[] = [];
    for (const entry of this.objects.values()) if (entry.kind === kind) found.push(entry.object as ObjectOfKind<K>);
    return found;
  }

  apply(message: StateMessage): ApplyResult {
    const judged = this.judge(message);
    if (judged) return judged;
    const parts = this.collect(message);
    if (parts === 'incomplete') return { outcome: 'ignored' };
    if (parts === 'broken') return { outcome: 'needsSync' };
    const changedKeys = message.from === 0 ? this.replace(parts) : this.step(parts);
    this.currentEpoch = message.epoch;
    this.currentRevision = message.to;
    return { outcome: 'applied', changedKeys };
  }

  /** What to do with a message that is not to be applied. */
  private judge(message: StateMessage): ApplyResult | undefined {
    const known = message.epoch === this.currentEpoch;
    if (known && message.to <= this.currentRevision) return { outcome: 'ignored' };
    if (message.from === 0 || (known && message.from === this.currentRevision)) return undefined;
    return { outcome: 'needsSync' };
  }

  private collect(message: StateMessage): StateMessage[] | 'incomplete' | 'broken' {
    if (message.part === 0 && !message.more) {
      this.assembly = undefined;
      return [message];
    }
    if (message.part >= maximumParts) return 'broken';
    const assembly = this.assemblyFor(message);
    if (!assembly) return 'incomplete';
    assembly.parts.set(message.part, message);
    if (!message.more) assembly.total = message.part + 1;
    if (assembly.total === undefined || assembly.parts.size < assembly.total) {
      // The last part is there and others are not: messages of one connection do not overtake, so they are lost.
      return message.more ? 'incomplete' : 'broken';
    }
    this.assembly = undefined;
    return [...assembly.parts.values()].sort((left, right) => left.part - right.part);
  }

  /** @returns undefined when a newer state is being put together already. */
  private assemblyFor(message: StateMessage): Assembly | undefined {
    const { assembly } = this;
    if (assembly?.epoch === message.epoch) {
      if (assembly.from === message.from && assembly.to === message.to) return assembly;
      if (assembly.to > message.to) return undefined;
    }
    this.assembly = { epoch: message.epoch, from: message.from, to: message.to, parts: new Map(), total: undefined };
    return this.assembly;
  }

  private replace(parts: readonly StateMessage[]): StateKey[] {
    const wanted = new Set<StateKey>();
    const changed: StateKey[] = [];
    for (const part of parts) {
      for (const object of part.upserts) {
        wanted.add(stateKeyOf(object));
        this.upsert(object, changed);
      }
    }
    for (const key of [...this.objects.keys()]) {
      if (!wanted.has(key)) this.remove(key, changed);
    }
    return changed;
  }

  private step(parts: readonly StateMessage[]): StateKey[] {
    const changed: StateKey[] = [];
    for (const part of parts) {
      for (const object of part.upserts) this.upsert(object, changed);
      for (const key of part.removes) this.remove(key, changed);
    }
    return changed;
  }

  private upsert(object: StateObject, changed: StateKey[]): void {
    const key = stateKeyOf(object);
    const known = this.objects.get(key);
    if (known && sameStateObject(known, object)) return;
    this.objects.set(key, object);
    changed.push(key);
  }

  private remove(key: StateKey, changed: StateKey[]): void {
    if (this.objects.delete(key)) changed.push(key);
  }
}
