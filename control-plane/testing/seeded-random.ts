/** Choices that a seed decides, so that a failure can be had again. The generator is mulberry32. */
export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 0 <= x < 1. */
  fraction(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 <= x < limit. */
  integer(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.integer(times) === 0;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.integer(choices.length)]!;
  }

  /** Between `least` and `most` results of `make`. */
  list<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.integer(most - least + 1) }, make);
  }
}
