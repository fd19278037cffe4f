import { describe, expect, it } from 'vitest';
import { slowStartBatch } from './slow-start.ts';

describe('slowStartBatch', () => {
  it('does all, in growing batches', async () => {
    let running = 0;
    const peaks: number[] = [];
    const result = await slowStartBatch(10, async () => {
      running += 1;
      peaks.push(running);
      await Promise.resolve();
      running -= 1;
    });
    expect(result).toEqual({ succeeded: 10 });
    expect(Math.max(...peaks)).toBe(4);
  });

  it.each([{ failsAt: 1, tried: 1 }, { failsAt: 2, tried: 3 }, { failsAt: 5, tried: 7 }])('stops after the batch of attempt $failsAt', async ({ failsAt, tried }) => {
    let attempts = 0;
    const result = await slowStartBatch(20, () => {
      attempts += 1;
      return attempts === failsAt ? Promise.reject(new Error('quota')) : Promise.resolve();
    });
    expect(attempts).toBe(tried);
    expect(result).toEqual({ succeeded: tried - 1, error: new Error('quota') });
  });

  it('does nothing for none', async () => {
    expect(await slowStartBatch(0, () => Promise.reject(new Error('never')))).toEqual({ succeeded: 0 });
  });
});
