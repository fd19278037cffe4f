import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { testNetwork } from '../testing/in-memory-desired-state.ts';
import { NetworkKeeper } from './network-keeper.ts';

function keeperWith(failures: number) {
  const clock = new FakeClock();
  const asked: string[] = [];
  let ready = 0;
  const keeper = new NetworkKeeper({
    network: {
      ready: async (network) => {
        asked.push(network?.podCIDR ?? '');
        if (asked.length <= failures) throw new Error('the engine is away');
      },
    },
    onReady: () => { ready += 1; }, clock, logger: silentLogger,
  });
  return { keeper, clock, asked, ready: () => ready };
}

describe('NetworkKeeper', () => {
  it('has nothing to wait for before a network is known', async () => {
    await keeperWith(0).keeper.settled();
  });

  it('tries until it succeeds, and settles with the first attempt', async () => {
    const { keeper, clock, asked, ready } = keeperWith(3);
    keeper.keep(testNetwork);
    await keeper.settled();
    expect([asked.length, ready()]).toEqual([1, 0]);
    await clock.advance(60_000);
    expect([asked.length, ready()]).toEqual([4, 1]);
  });

  it('lets go of a network when it is told another', async () => {
    const { keeper, clock, asked, ready } = keeperWith(1);
    keeper.keep(testNetwork);
    keeper.keep({ ...testNetwork, podCIDR: '198.18.2.0/24' });
    await clock.advance(60_000);
    expect(asked).toEqual(['198.18.1.0/24', '198.18.2.0/24']);
    expect(ready()).toBe(1);
  });

  it('stops', async () => {
    const { keeper, clock, asked } = keeperWith(Infinity);
    keeper.keep(testNetwork);
    await keeper.settled();
    keeper.stop();
    await clock.advance(60_000);
    expect(asked).toHaveLength(1);
  });
});
