import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from './testing/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

function open() {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, random: () => 0 }) };
}

describe('WorkQueue', () => {
  test('hands keys out in order, each once however often it was added', async () => {
    const { queue } = open();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.length).toBe(3);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c']);
  });

  test('never hands out a key that is being handled, but again after done', async () => {
    const { queue } = open();
    queue.add('a');
    expect(await queue.get()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    const next = queue.get();
    queue.done('a');
    expect(await next).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  test('wakes one waiter per key, the longest waiting first', async () => {
    const { queue } = open();
    const first = queue.get();
    const second = queue.get();
    queue.add('a');
    queue.add('b');
    expect([await first, await second]).toEqual(['a', 'b']);
  });

  test('delays, and keeps the earlier of two delays', async () => {
    const { clock, queue } = open();
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 500);
    await clock.advance(49);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
    await clock.advance(1000);
    expect(queue.length).toBe(0);
  });

  test('adds at once when the delay is not positive', () => {
    const { queue } = open();
    queue.addAfter('a', 0);
    queue.addAfter('b', -5);
    expect(queue.length).toBe(2);
  });

  test('waits longer after every failure until the key is forgotten', async () => {
    const { clock, queue } = open();
    const waited: number[] = [];
    for (let failure = 0; failure < 3; failure++) {
      const begin = clock.monotonic();
      queue.addRateLimited('a');
      const key = queue.get();
      await clock.advance(20);
      await key;
      queue.done('a');
      waited.push(queue.failureCount('a'));
      expect(clock.monotonic() - begin).toBe(20);
    }
    expect(waited).toEqual([1, 2, 3]);
    queue.addRateLimited('a');
    await clock.advance(39);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    queue.forget('a');
    expect(queue.failureCount('a')).toBe(0);
  });

  test('an aborted get takes no key', async () => {
    const { queue } = open();
    const abort = new AbortController();
    const waiting = queue.get(abort.signal);
    abort.abort();
    expect(await waiting).toBeUndefined();
    queue.add('a');
    expect(await queue.get(abort.signal)).toBeUndefined();
    expect(await queue.get()).toBe('a');
  });

  test('after shutting down hands out what is left and takes no more', async () => {
    const { clock, queue } = open();
    queue.add('a');
    queue.addAfter('later', 10);
    queue.shutDown();
    queue.add('b');
    queue.addAfter('c', 5);
    queue.addRateLimited('d');
    await clock.advance(1000);
    expect([await queue.get(), await queue.get()]).toEqual(['a', undefined]);
  });

  test('shutting down wakes who waits', async () => {
    const { queue } = open();
    const waiting = [queue.get(), queue.get()];
    queue.shutDown();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });

  test('property: every key added is handled after its last add, never twice at once', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ do: fc.constant('get' as const) }),
      fc.record({ do: fc.constant('done' as const), at: fc.nat() }),
    );
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { queue } = open();
      const owed = new Set<string>();
      const held: string[] = [];
      const take = async () => {
        const key = (await queue.get())!;
        expect(held).not.toContain(key);
        expect(owed.delete(key)).toBe(true);
        held.push(key);
      };
      for (const action of steps) {
        if (action.do === 'add') {
          queue.add(String(action.key));
          owed.add(String(action.key));
        } else if (action.do === 'get') {
          if (queue.length > 0) await take();
        } else if (held.length > 0) {
          queue.done(held.splice(action.at % held.length, 1)[0]!);
        }
        expect(queue.length).toBe([...owed].filter((key) => !held.includes(key)).length);
      }
      for (const key of held.splice(0)) queue.done(key);
      while (queue.length > 0) await take();
      expect(owed.size).toBe(0);
    }));
  });
});
