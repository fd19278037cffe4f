import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../machinery/testing/fake-clock.ts';
import { FairQueue, type Release } from './fair-queue.ts';

function setUp(options: { seats?: number; queueLength?: number; queues?: number } = {}) {
  const clock = new FakeClock();
  const queue = new FairQueue({ seats: 2, queueLength: 50, queues: 10, maxWaitMs: 15_000, clock, ...options });
  const running: { user: string; release: Release }[] = [];
  const refused: string[] = [];
  const enter = (user: string) => queue.enter(user, (release) => running.push({ user, release }), () => refused.push(user));
  return { clock, queue, running, refused, enter, finish: () => running.shift()?.release() };
}

describe('FairQueue', () => {
  it('lets a second user in after one request, whatever the first has waiting', () => {
    const { enter, finish, running } = setUp();
    for (let count = 0; count < 52; count++) enter('flood');
    enter('quiet');
    finish();
    finish();
    expect(running.map(({ user }) => user)).toEqual(['flood', 'quiet']);
  });

  it('takes turns between all who wait', () => {
    const { enter, finish, running } = setUp({ seats: 1 });
    for (const user of ['a', 'a', 'a', 'b', 'b', 'c']) enter(user);
    const served = [];
    while (running.length > 0) {
      served.push(running[0]!.user);
      finish();
    }
    expect(served.join('')).toBe('aabcab');
  });

  it('refuses beyond its bounds, at once', () => {
    const { enter, refused } = setUp({ seats: 1, queueLength: 1, queues: 2 });
    for (const user of ['a', 'a', 'a', 'b', 'c']) enter(user);
    expect(refused).toEqual(['a', 'c']);
  });

  it('lets nobody wait for ever, and forgets who went away', async () => {
    const { clock, enter, refused, finish, running } = setUp({ seats: 1 });
    enter('a');
    const leave = enter('b');
    enter('c');
    leave();
    await clock.advance(15_000);
    expect(refused).toEqual(['c']);
    finish();
    expect(running).toEqual([]);
  });

  it('takes a seat back once only', () => {
    const { queue, enter, running } = setUp();
    enter('a');
    enter('b');
    running[0]!.release();
    running[0]!.release();
    expect(queue.executing).toBe(1);
  });
});
