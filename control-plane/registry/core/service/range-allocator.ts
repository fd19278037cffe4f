/**
 * Which numbers of 0..size-1 are taken. Numbers that nobody asked for come from the upper band first, so that the lower one
 * stays free for people who choose theirs. Follows k8s.io/kubernetes/pkg/registry/core/service/allocator.
 */
import type { Randomness } from '../../randomness.ts';

export class RangeAllocator {
  private readonly taken = new Set<number>();
  private readonly size: number;
  private readonly lowerBand: number;
  private readonly random: Randomness;

  /** @param options.lowerBand how many numbers, from 0, are given out only when all others are taken. */
  constructor(options: { size: number; lowerBand: number; random: Randomness }) {
    this.size = options.size;
    this.lowerBand = Math.min(options.lowerBand, options.size);
    this.random = options.random;
  }

  /** @returns false when it is taken already. */
  take(number: number): boolean {
    if (this.taken.has(number)) return false;
    this.taken.add(number);
    return true;
  }

  /** @returns undefined when all are taken. */
  takeNext(): number | undefined {
    if (this.taken.size >= this.size) return undefined;
    const free = this.findFree(this.lowerBand, this.size) ?? this.findFree(0, this.lowerBand);
    if (free !== undefined) this.taken.add(free);
    return free;
  }

  release(number: number): void {
    this.taken.delete(number);
  }

  has(number: number): boolean {
    return this.taken.has(number);
  }

  private findFree(from: number, to: number): number | undefined {
    const count = to - from;
    if (count <= 0) return undefined;
    const begin = this.random.integer(count);
    for (let step = 0; step < count; step++) {
      const number = from + (begin + step) % count;
      if (!this.taken.has(number)) return number;
    }
    return undefined;
  }
}

/** @param denominator which part of the range the lower band is, within its bounds. */
export function lowerBandOf(size: number, { minimum, maximum, denominator }: { minimum: number; maximum: number; denominator: number }): number {
  if (size < minimum) return 0;
  return Math.min(Math.max(Math.floor(size / denominator), minimum), maximum);
}

/** Why a wish was refused; the message completes the sentence of the field error. */
export class AllocationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AllocationError';
  }
}
