/** Randomness, injected: uids, generated names and where an allocator begins to look. */
import { randomInt, randomUUID } from 'node:crypto';

export interface Randomness {
  /** A version 4 UUID in lower case. */
  uuid(): string;
  /** A whole number from 0 up to, not including, `below`. */
  integer(below: number): number;
}

export const systemRandomness: Randomness = {
  uuid: () => randomUUID(),
  integer: (below) => randomInt(below),
};
