import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateMessage, StateObject } from '../../api/messaging/messages.ts';
import { decodeStateMessage, encodeMessage } from '../../api/messaging/decode.ts';
import { StatePublisher } from './state-publisher.ts';
import { StateReceiver } from './state-receiver.ts';

function configMap(name: string, version: number, padding = ''): StateObject {
  return { kind: 'ConfigMap', object: { metadata: { namespace: 'default', name, uid: name, resourceVersion: String(version) }, data: { padding } } };
}

function content(objects: readonly StateObject[]): string[] {
  return objects.map((object) => JSON.stringify(object)).sort();
}

function applyAll(receiver: StateReceiver, messages: readonly StateMessage[]): string[] {
  return messages.map((message) => receiver.apply(message).outcome);
}

/** As it looks after the wire. */
function transmitted(message: StateMessage): StateMessage {
  return decodeStateMessage(new TextEncoder().encode(encodeMessage(message)));
}

describe('state protocol', () => {
  it('follows deltas and names the keys that changed', () => {
    const publisher = new StatePublisher({ epoch: 'e' });
    const receiver = new StateReceiver();
    publisher.upsert(configMap('a', 1));
    publisher.flush();
    expect(applyAll(receiver, publisher.full())).toEqual(['applied']);
    publisher.upsert(configMap('b', 2));
    publisher.remove('ConfigMap/default/a');
    const [delta] = publisher.flush();
    expect(receiver.apply(delta!)).toEqual({ outcome: 'applied', changedKeys: ['ConfigMap/default/b', 'ConfigMap/default/a'] });
    expect(receiver.revision).toBe(publisher.revision);
  });

  it('has nothing to flush after an upsert of what it has', () => {
    const publisher = new StatePublisher({ epoch: 'e' });
    publisher.upsert(configMap('a', 1));
    expect(publisher.flush()).toHaveLength(1);
    expect(publisher.upsert(configMap('a', 1))).toBe(false);
    expect(publisher.flush()).toEqual([]);
  });

  it('sends an empty full state so that the receiver drops what it had', () => {
    const publisher = new StatePublisher({ epoch: 'new' });
    const receiver = new StateReceiver();
    receiver.restore({ epoch: 'old', revision: 7, objects: [configMap('a', 1)] });
    expect(applyAll(receiver, publisher.full())).toEqual(['applied']);
    expect(receiver.all()).toEqual([]);
  });

  it('asks for a sync when a delta is missing', () => {
    const publisher = new StatePublisher({ epoch: 'e' });
    const receiver = new StateReceiver();
    applyAll(receiver, publisher.full());
    publisher.upsert(configMap('a', 1));
    publisher.flush();
    publisher.upsert(configMap('b', 2));
    expect(applyAll(receiver, publisher.flush())).toEqual(['needsSync']);
  });

  it('applies a state of several messages only when all are there', () => {
    const publisher = new StatePublisher({ epoch: 'e', chunkBytes: 1024 });
    for (let index = 0; index < 10; index += 1) publisher.upsert(configMap(`c${index}`, index, 'x'.repeat(400)));
    const messages = publisher.flush();
    expect(messages.length).toBeGreaterThan(3);
    const receiver = new StateReceiver();
    const full = publisher.full();
    expect(applyAll(receiver, full.slice(0, -1)).every((outcome) => outcome === 'ignored')).toBe(true);
    expect(receiver.all()).toEqual([]);
    expect(applyAll(receiver, full.slice(-1))).toEqual(['applied']);
    expect(receiver.all()).toHaveLength(10);
  });

  it('asks for a sync when the last part comes and one is missing', () => {
    const publisher = new StatePublisher({ epoch: 'e', chunkBytes: 1024 });
    for (let index = 0; index < 10; index += 1) publisher.upsert(configMap(`c${index}`, index, 'x'.repeat(400)));
    publisher.flush();
    const outcomes = applyAll(new StateReceiver(), publisher.full().filter((_, index) => index !== 1));
    expect(outcomes.at(-1)).toBe('needsSync');
  });

  it('cuts messages at the chunk size', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 40 }), (sizes) => {
      const publisher = new StatePublisher({ epoch: 'e', chunkBytes: 2048 });
      sizes.forEach((size, index) => publisher.upsert(configMap(`c${index}`, index, 'ü'.repeat(size / 2))));
      publisher.flush();
      const messages = publisher.full();
      expect(messages.every((message) => Buffer.byteLength(encodeMessage(message)) <= 2048)).toBe(true);
      expect(messages.flatMap((message) => message.upserts)).toHaveLength(sizes.length);
    }));
  });

  it('refuses a full state while changes are pending', () => {
    const publisher = new StatePublisher({ epoch: 'e' });
    publisher.upsert(configMap('a', 1));
    expect(() => publisher.full()).toThrow('flush');
  });

  it('converges after a sync however messages were lost, repeated or overtaken', () => {
    const step = fc.record({
      changes: fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), remove: fc.boolean(), size: fc.integer({ min: 0, max: 600 }) }), { maxLength: 6 }),
      restart: fc.integer({ min: 0, max: 19 }).map((roll) => roll === 0),
      fate: fc.array(fc.record({ lost: fc.boolean(), repeated: fc.boolean(), late: fc.boolean() }), { minLength: 8, maxLength: 8 }),
    });
    fc.assert(fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let version = 0;
      let epoch = 0;
      let publisher = new StatePublisher({ epoch: `e${epoch}`, chunkBytes: 1024 });
      const receiver = new StateReceiver();
      const late: StateMessage[] = [];
      for (const { changes, restart, fate } of steps) {
        if (restart) publisher = new StatePublisher({ epoch: `e${++epoch}`, chunkBytes: 1024 });
        for (const { name, remove, size } of changes) {
          if (remove) publisher.remove(`ConfigMap/default/${name}`);
          else publisher.upsert(configMap(name, ++version, 'x'.repeat(size)));
        }
        const overtaken = late.splice(0);
        const delivered: StateMessage[] = [];
        publisher.flush().forEach((message, index) => {
          const { lost, repeated, late: isLate } = fate[index % fate.length]!;
          if (isLate) late.push(message);
          else if (!lost) delivered.push(message, ...(repeated ? [message] : []));
        });
        let asked = false;
        for (const message of [...delivered, ...overtaken]) asked = receiver.apply(transmitted(message)).outcome === 'needsSync' || asked;
        // The heartbeat names the receiver's revision; the server answers with the full state when it is another.
        if (asked || receiver.epoch !== publisher.epoch || receiver.revision !== publisher.revision) {
          for (const message of publisher.full()) receiver.apply(transmitted(message));
        }
        expect(content(receiver.all())).toEqual(content(publisher.full().flatMap((message) => message.upserts)));
        expect([receiver.epoch, receiver.revision]).toEqual([publisher.epoch, publisher.revision]);
      }
    }), { numRuns: 300 });
  });
});
