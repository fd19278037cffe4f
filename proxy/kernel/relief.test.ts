import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import type { Portal } from '../service-plan.ts';
import { Relief } from './relief.ts';

function portal(name: string, more: Partial<Portal> = {}): Portal {
  return { key: name, service: `default/${name}:80`, protocol: 'TCP', listener: { ip: '198.19.0.5', port: 80 }, backends: [{ ip: '198.18.0.1', port: 80 }], affinitySeconds: undefined, ...more };
}

const web = portal('web');
let clock: FakeClock;
let carried: string[];
let busy: number;
let work: Record<string, number>;
let relief: Relief;
let usable: boolean;
let samples: number;

beforeEach(async () => {
  clock = new FakeClock();
  carried = [];
  busy = 0;
  work = {};
  usable = true;
  samples = 0;
  relief = new Relief({
    carrier: { get usable() { return usable; }, carry: (portals) => { carried = portals.map(({ key }) => key); return Promise.resolve(); } },
    work: () => Object.entries(work), utilization: () => { samples += 1; return busy; }, clock, logger: silentLogger,
  });
  await relief.plan([web]);
  await clock.advance(10_000);
});

/** One sample with this much work done in it, at this load. */
async function load(share: number, amounts: Record<string, number>): Promise<void> {
  relief.wake();
  busy = share;
  for (const [key, amount] of Object.entries(amounts)) work[key] = (work[key] ?? 0) + amount;
  await clock.advance(500);
}

describe('Relief', () => {
  it('hands over what keeps the proxy busy', async () => {
    await load(0.9, { web: 5_000 });
    expect(carried).toEqual(['web']);
  });

  it('leaves everything with a proxy that has time', async () => {
    await load(0.5, { web: 5_000 });
    expect(carried).toEqual([]);
  });

  it('leaves what is not worth it', async () => {
    const quiet = portal('quiet');
    await relief.plan([web, quiet]);
    await clock.advance(10_000);
    await load(0.9, { web: 5_000, quiet: 100 });
    expect(carried).toEqual(['web']);
  });

  it.each([
    ['UDP', portal('web', { protocol: 'UDP' })],
    ['a NodePort', portal('web', { listener: { ip: undefined, port: 30080 } })],
    ['session affinity', portal('web', { affinitySeconds: 60 })],
    ['very many backends', portal('web', { backends: Array.from({ length: 65 }, (_, index) => ({ ip: `198.18.0.${index}`, port: 80 })) })],
  ])('keeps %s with the proxy', async (_, kept) => {
    await relief.plan([kept]);
    await clock.advance(10_000);
    await load(0.9, { web: 5_000 });
    expect(carried).toEqual([]);
  });

  it('takes back a Service whose endpoints change, and waits until they have settled', async () => {
    await load(0.9, { web: 5_000 });
    const changed = portal('web', { backends: [{ ip: '198.18.0.2', port: 80 }] });
    await relief.plan([changed]);
    expect(carried).toEqual([]);
    await load(0.9, { web: 5_000 });
    expect(carried).toEqual([]);
    for (let sample = 0; sample < 10; sample++) await load(0.9, { web: 5_000 });
    expect(carried).toEqual(['web']);
  });

  it('keeps a Service through plans that do not concern it, and drops one that is gone', async () => {
    await load(0.9, { web: 5_000 });
    await relief.plan([portal('web'), portal('other')]);
    expect(carried).toEqual(['web']);
    await relief.plan([portal('other')]);
    expect(carried).toEqual([]);
  });

  it('tries again with the proxy when the lease ends', async () => {
    await load(0.9, { web: 5_000 });
    busy = 0;
    await clock.advance(300_000);
    expect(carried).toEqual([]);
  });

  it('does not watch a proxy that nobody uses', async () => {
    await load(0.1, { web: 5 });
    await clock.advance(500);
    const before = samples;
    await clock.advance(60_000);
    expect(samples).toBe(before);
  });

  it('does nothing where the kernel cannot', async () => {
    usable = false;
    await load(0.9, { web: 5_000 });
    expect(carried).toEqual([]);
  });

  it('carries nothing after its end', async () => {
    await load(0.9, { web: 5_000 });
    await relief.stop();
    expect(carried).toEqual([]);
    await load(0.9, { web: 5_000 });
    expect(carried).toEqual([]);
  });
});
