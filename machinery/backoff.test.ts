import { describe, expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

describe('Backoff', () => {
  test('doubles per failure up to the cap, for each key on its own', () => {
    const backoff = new Backoff({ initialMs: 10, maximumMs: 60 });
    expect([1, 2, 3, 4, 5].map(() => backoff.next('a'))).toEqual([10, 20, 40, 60, 60]);
    expect(backoff.next('b')).toBe(10);
    expect(backoff.failureCount('a')).toBe(5);
  });

  test('starts anew after a reset', () => {
    const backoff = new Backoff({ initialMs: 10, maximumMs: 60 });
    backoff.next('a');
    backoff.next('a');
    backoff.reset('a');
    expect(backoff.next('a')).toBe(10);
  });

  test('adds at most the share of jitter', () => {
    const values = [0, 0.5, 0.999];
    const backoff = new Backoff({ initialMs: 100, maximumMs: 100, jitter: 0.2, random: () => values.shift() ?? 0 });
    expect(backoff.next('a')).toBe(100);
    expect(backoff.next('a')).toBeCloseTo(110);
    expect(backoff.next('a')).toBeLessThan(120);
  });

  test('stays at the cap after thousands of failures', () => {
    const backoff = new Backoff({ initialMs: 5, maximumMs: 1000 });
    for (let failure = 0; failure < 5000; failure++) backoff.next('a');
    expect(backoff.next('a')).toBe(1000);
  });

  test('forgets the key that failed longest ago when there are too many', () => {
    const backoff = new Backoff({ initialMs: 5, maximumMs: 1000, maximumKeys: 2 });
    backoff.next('a');
    backoff.next('b');
    backoff.next('a');
    backoff.next('c');
    expect([backoff.failureCount('a'), backoff.failureCount('b'), backoff.failureCount('c')]).toEqual([2, 0, 1]);
  });
});
