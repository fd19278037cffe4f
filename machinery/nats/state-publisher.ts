import { stateChunkBytes, type StateKey, type StateMessage, type StateObject } from '../../api/messaging/messages.ts';
import { sameStateObject, stateKeyOf } from './state-key.ts';

/** Envelope and separators around the objects of a message, generously. */
const envelopeBytes = 512;

/**
 * The sending side of the state protocol (api/messaging/messages.ts): the current set of objects, numbered. Pure: returns
 * the messages that the caller sends.
 *
 * INVARIANT: what flush and full return describes the set at `revision`; changes since the last flush are in neither.
 */
export class StatePublisher {
  /** Unique per publisher: receivers of another numbering notice. */
  readonly epoch: string;
  private readonly chunkBytes: number;
  private readonly objects = new Map<StateKey, StateObject>();
  private readonly dirty = new Set<StateKey>();
  private current = 1;

  constructor(options: { epoch: string; chunkBytes?: number }) {
    this.epoch = options.epoch;
    this.chunkBytes = options.chunkBytes ?? stateChunkBytes;
  }

  /** Of the last flush; starts at 1, because 0 means "nothing yet". */
  get revision(): number {
    return this.current;
  }

  /** True when flush would have something to say. */
  get pending(): boolean {
    return this.dirty.size > 0;
  }

  get size(): number {
    return this.objects.size;
  }

  /** @returns false when the set has this version already. */
  upsert(object: StateObject): boolean {
    const key = stateKeyOf(object);
    const known = this.objects.get(key);
    if (known && sameStateObject(known, object)) return false;
    this.objects.set(key, object);
    this.dirty.add(key);
    return true;
  }

  remove(key: StateKey): boolean {
    if (!this.objects.delete(key)) return false;
    this.dirty.add(key);
    return true;
  }

  /** Makes the set exactly this. @returns whether anything changed. */
  replace(objects: readonly StateObject[]): boolean {
    const wanted = new Set<StateKey>();
    let changed = false;
    for (const object of objects) {
      wanted.add(stateKeyOf(object));
      changed = this.upsert(object) || changed;
    }
    for (const key of [...this.objects.keys()]) {
      if (!wanted.has(key)) changed = this.remove(key) || changed;
    }
    return changed;
  }

  /** The step from the last flush to now: no message when nothing changed. */
  flush(): StateMessage[] {
    if (this.dirty.size === 0) return [];
    const upserts: StateObject[] = [];
    const removes: StateKey[] = [];
    for (const key of this.dirty) {
      const object = this.objects.get(key);
      if (object) upserts.push(object);
      else removes.push(key);
    }
    this.dirty.clear();
    const from = this.current;
    this.current += 1;
    return this.cut(from, upserts, removes);
  }

  /**
   * Everything, for a receiver that is somewhere else.
   * @throws Error when changes are pending: flush them to everyone first.
   */
  full(): StateMessage[] {
    if (this.pending) throw new Error('flush before sending a full state');
    return this.cut(0, [...this.objects.values()], []);
  }

  private cut(from: number, upserts: readonly StateObject[], removes: readonly StateKey[]): StateMessage[] {
    const messages: StateMessage[] = [];
    let bytes = envelopeBytes;
    const open = (): StateMessage => {
      const message: StateMessage = { epoch: this.epoch, from, to: this.current, part: messages.length, upserts: [], removes: [] };
      messages.push(message);
      bytes = envelopeBytes;
      return message;
    };
    let message = open();
    const room = (size: number): StateMessage => {
      if (bytes + size > this.chunkBytes && bytes > envelopeBytes) {
        message.more = true;
        message = open();
      }
      bytes += size;
      return message;
    };
    for (const upsert of upserts) room(Buffer.byteLength(JSON.stringify(upsert)) + 1).upserts.push(upsert);
    for (const key of removes) room(Buffer.byteLength(key) + 3).removes.push(key);
    return messages;
  }
}
