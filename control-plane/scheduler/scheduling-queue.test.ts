import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import type { ClusterEvent } from './framework/interface.ts';
import { SchedulingQueue } from './scheduling-queue.ts';
import { makePod } from './testing/builders.ts';

function makeQueue() {
  const clock = new FakeClock();
  let ready = 0;
  const queue = new SchedulingQueue({ clock, onReady: () => { ready += 1; } });
  return { clock, queue, readyCount: () => ready, nextName: () => queue.next()?.metadata?.name };
}

const on = (...events: ClusterEvent[]) => new Set(events);

describe('scheduling queue', () => {
  it('gives the highest priority first, then who waits longest', async () => {
    const { clock, queue, nextName } = makeQueue();
    queue.add(makePod('first'));
    await clock.advance(10);
    queue.add(makePod('second'));
    queue.add(makePod('important', { spec: { priority: 1000 } }));
    expect([nextName(), nextName(), nextName(), nextName()]).toEqual(['important', 'first', 'second', undefined]);
  });

  it('keeps an unschedulable pod until an event that may help, then backs off from its last attempt', async () => {
    const { clock, queue, nextName } = makeQueue();
    const pod = makePod('p');
    queue.add(pod);
    queue.unschedulable(queue.next()!, on('podRemoved'));
    queue.happened('nodeChanged');
    await clock.advance(20_000);
    expect(nextName()).toBeUndefined();
    queue.happened('podRemoved');
    expect(nextName()).toBe('p');
    queue.unschedulable(pod, on('podRemoved'));
    queue.happened('podRemoved');
    expect(nextName()).toBeUndefined();
    await clock.advance(2_000);
    expect(nextName()).toBe('p');
  });

  it('does not lose an event that comes while the pod is being tried', async () => {
    const { clock, queue, nextName } = makeQueue();
    queue.add(makePod('p'));
    const pod = queue.next()!;
    queue.happened('podRemoved');
    queue.unschedulable(pod, on('podRemoved'));
    await clock.advance(1_000);
    expect(nextName()).toBe('p');
  });

  it('tries again after five minutes without any event', async () => {
    const { clock, queue, nextName } = makeQueue();
    queue.add(makePod('p'));
    queue.unschedulable(queue.next()!, on('nodeAdded'));
    await clock.advance(5 * 60_000);
    expect(nextName()).toBe('p');
  });

  it('waits up to ten seconds between attempts that fail', async () => {
    const { clock, queue, nextName } = makeQueue();
    queue.add(makePod('p'));
    for (const wait of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      queue.failed(queue.next()!);
      await clock.advance(wait - 1);
      expect(nextName()).toBeUndefined();
      await clock.advance(1);
    }
    expect(nextName()).toBe('p');
  });

  it('tries a changed pod at once and forgets a removed one', () => {
    const { queue, nextName, readyCount } = makeQueue();
    const pod = makePod('p');
    queue.add(pod);
    queue.unschedulable(queue.next()!, on('nodeAdded'));
    const before = readyCount();
    queue.changed({ ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } } });
    expect(readyCount()).toBe(before + 1);
    queue.remove(pod);
    expect(nextName()).toBeUndefined();
  });
});
