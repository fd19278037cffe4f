import { describe, expect, it } from 'vitest';
import { BytesCache } from './bytes-cache.ts';

describe('BytesCache', () => {
  const counted = () => {
    const made: object[] = [];
    return { made, make: (object: object) => () => { made.push(object); return Buffer.alloc(10); } };
  };

  it('makes the bytes of a frozen object once, of another each time', () => {
    const cache = new BytesCache(100);
    const { made, make } = counted();
    const frozen = Object.freeze({});
    const open = {};
    for (let turn = 0; turn < 3; turn++) for (const object of [frozen, open]) cache.get(object, make(object));
    expect(made).toEqual([frozen, open, open, open]);
  });

  it('forgets what was not asked for while others filled it, and keeps what was', () => {
    const cache = new BytesCache(50);
    const { made, make } = counted();
    const [kept, forgotten] = [Object.freeze({ name: 'kept' }), Object.freeze({ name: 'forgotten' })];
    cache.get(kept, make(kept));
    cache.get(forgotten, make(forgotten));
    for (let index = 0; index < 20; index++) {
      const other = Object.freeze({ index });
      cache.get(other, make(other));
      cache.get(kept, make(kept));
    }
    made.length = 0;
    cache.get(kept, make(kept));
    cache.get(forgotten, make(forgotten));
    expect(made).toEqual([forgotten]);
  });

  it('forgets at the second turn what nobody asks for', () => {
    const cache = new BytesCache(100);
    const { made, make } = counted();
    const [kept, forgotten] = [Object.freeze({ name: 'kept' }), Object.freeze({ name: 'forgotten' })];
    cache.get(kept, make(kept));
    cache.get(forgotten, make(forgotten));
    for (let turn = 0; turn < 2; turn++) {
      cache.rotate();
      cache.get(kept, make(kept));
    }
    cache.get(forgotten, make(forgotten));
    expect(made).toEqual([kept, forgotten, forgotten]);
  });

  it('keeps small bytes together and nothing of Node\'s pool alive', () => {
    const cache = new BytesCache(1024 * 1024);
    const memory = new Set<ArrayBufferLike>();
    for (let index = 0; index < 100; index++) {
      const text = String(index).padEnd(1_000, 'x');
      const kept = cache.get(Object.freeze({}), () => Buffer.from(text));
      expect(kept.toString()).toBe(text);
      // Others' buffers, between which it lay.
      for (let other = 0; other < 8; other++) Buffer.from(text);
      memory.add(kept.buffer);
    }
    expect([...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(130_000);
  });

  it('keeps of large bytes no more than themselves', () => {
    const cache = new BytesCache(1024 * 1024);
    const kept = cache.get(Object.freeze({}), () => Buffer.alloc(500_000, 'y').subarray(0, 10_000));
    expect([kept.length, kept.buffer.byteLength, kept.toString('latin1', 9_990)]).toEqual([10_000, 10_000, 'yyyyyyyyyy']);
  });
});
