import type { Randomness } from '../randomness.ts';

/** Uids that count up and whole numbers from a fixed sequence: the same in every run. */
export function sequentialRandomness(seed = 1): Randomness {
  let count = 0;
  let state = seed;
  return {
    uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
    integer(below) {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * below);
    },
  };
}
