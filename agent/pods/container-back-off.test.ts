import { describe, expect, it } from 'vitest';
import { ContainerBackOff } from './container-back-off.ts';

describe('ContainerBackOff', () => {
  it('lets the first restart pass at once, then waits 10 s, doubling up to 300 s', () => {
    const backOff = new ContainerBackOff();
    let now = 0;
    expect(backOff.waiting('k', now, now)).toBeUndefined();
    const delays: number[] = [];
    for (let crash = 0; crash < 8; crash++) {
      backOff.raise('k', now, now);
      now += 1_000;
      const wait = backOff.waiting('k', now, now)!;
      delays.push(wait.delayMs / 1000);
      expect(backOff.waiting('k', now, wait.until - 1)).toBeDefined();
      expect(backOff.waiting('k', now, wait.until)).toBeUndefined();
      now = wait.until;
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it('begins anew after the container ran for more than 10 minutes', () => {
    const backOff = new ContainerBackOff();
    backOff.raise('k', 0, 0);
    backOff.raise('k', 1_000, 1_000);
    expect(backOff.waiting('k', 601_000, 601_000)).toBeDefined();
    const later = 1_000 + 600_001;
    expect(backOff.waiting('k', later, later)).toBeUndefined();
    backOff.raise('k', later, later);
    expect(backOff.waiting('k', later, later)?.delayMs).toBe(10_000);
  });

  it('forgets by prefix', () => {
    const backOff = new ContainerBackOff();
    backOff.raise('pod-1/a', 0, 0);
    backOff.raise('pod-2/a', 0, 0);
    backOff.forget('pod-1/');
    expect(backOff.waiting('pod-1/a', 0, 0)).toBeUndefined();
    expect(backOff.waiting('pod-2/a', 0, 0)).toBeDefined();
  });
});
