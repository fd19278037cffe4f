import { expect, it } from 'vitest';
import { FakeClock } from './testing/fake-clock.ts';
import { fullCollection, IdleCollector } from './idle-collector.ts';

const megabyte = 1024 * 1024;

it('collects what has grown, when there is little to do, and not again for little', async () => {
  const clock = new FakeClock();
  const state = { used: 60 * megabyte, utilization: 0.9, collections: 0 };
  const collector = new IdleCollector({
    clock, heapUsed: () => state.used, utilization: () => state.utilization,
    collect: () => {
      state.collections += 1;
      state.used = 40 * megabyte;
    },
  });
  collector.start();
  await clock.advance(60_000);
  expect(state.collections).toBe(0);
  state.utilization = 0.01;
  await clock.advance(60_000);
  expect(state.collections).toBe(1);
  state.used = 47 * megabyte;
  await clock.advance(60_000);
  expect(state.collections).toBe(1);
  state.used = 49 * megabyte;
  await clock.advance(5_000);
  expect(state.collections).toBe(2);
  collector.stop();
  state.used = 400 * megabyte;
  await clock.advance(60_000);
  expect(state.collections).toBe(2);
});

it('reaches the collector of V8', () => {
  const collect = fullCollection();
  const garbage = Array.from({ length: 200_000 }, (_, index) => ({ index }));
  const before = process.memoryUsage().heapUsed;
  garbage.length = 0;
  collect();
  expect(process.memoryUsage().heapUsed).toBeLessThan(before);
});

it('gives back the pages of which little is left', () => {
  const collect = fullCollection();
  // Old objects, of which every tenth stays: scattered over all pages.
  let objects = Array.from({ length: 300_000 }, (_, index) => ({ index, text: [index] }));
  collect();
  const full = process.memoryUsage().heapTotal;
  objects = objects.filter(({ index }) => index % 10 === 0);
  collect();
  expect(objects).toHaveLength(30_000);
  expect(full - process.memoryUsage().heapTotal).toBeGreaterThan(15_000_000);
});
