import { expect, it } from 'vitest';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { Coalescer } from './coalescer.ts';

it('makes few runs of many requests and forgets none', async () => {
  const clock = new FakeClock();
  const runs: number[] = [];
  const start = clock.monotonic();
  const coalescer = new Coalescer({ clock, intervalMs: 50, run: () => { runs.push(clock.monotonic() - start); } });
  for (let count = 0; count < 3; count += 1) coalescer.request();
  await clock.advance(0);
  coalescer.request();
  await clock.advance(49);
  expect(runs).toEqual([0]);
  await clock.advance(1);
  expect(runs).toEqual([0, 50]);
  await clock.advance(1000);
  coalescer.request();
  coalescer.cancel();
  await clock.advance(1000);
  expect(runs).toEqual([0, 50]);
});
