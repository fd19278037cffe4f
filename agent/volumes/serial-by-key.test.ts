import { describe, expect, it } from 'vitest';
import { SerialByKey } from './serial-by-key.ts';

describe('SerialByKey', () => {
  it('runs tasks of a key in order, also after one that failed, and others meanwhile', async () => {
    const serial = new SerialByKey();
    const order: string[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => { release = resolve; });
    const first = serial.run('a', async () => { await gate; order.push('a1'); throw new Error('broken'); });
    const second = serial.run('a', async () => { order.push('a2'); return 2; });
    await serial.run('b', async () => { order.push('b1'); });
    release();
    await expect(first).rejects.toThrow('broken');
    expect(await second).toBe(2);
    expect(order).toEqual(['b1', 'a1', 'a2']);
  });

  it('forgets keys that are idle', async () => {
    const serial = new SerialByKey();
    await serial.run('a', async () => {});
    await Promise.resolve();
    await Promise.resolve();
    expect(serial.size).toBe(0);
  });
});
