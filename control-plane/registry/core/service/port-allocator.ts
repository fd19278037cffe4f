/** Node ports out of the node port range. */
import type { Randomness } from '../../randomness.ts';
import { AllocationError, lowerBandOf, RangeAllocator } from './range-allocator.ts';

export class PortAllocator {
  private readonly text: string;
  private readonly first: number;
  private readonly last: number;
  private readonly range: RangeAllocator;

  /** @param options.range both ends included, `30000-32767`. @throws RangeError when it is none. */
  constructor(options: { range: string; random: Randomness }) {
    const match = /^(\d{1,5})-(\d{1,5})$/.exec(options.range);
    this.text = options.range;
    this.first = Number(match?.[1]);
    this.last = Number(match?.[2]);
    if (!match || this.first < 1 || this.last > 65_535 || this.first > this.last) {
      throw new RangeError(`${JSON.stringify(options.range)} is no range of ports`);
    }
    const size = this.last - this.first + 1;
    this.range = new RangeAllocator({
      size, random: options.random, lowerBand: lowerBandOf(size, { minimum: 16, maximum: 128, denominator: 32 }),
    });
  }

  /** @throws AllocationError when it is not in the range or taken. */
  take(port: number): void {
    if (port < this.first || port > this.last) {
      throw new AllocationError(`provided port is not in the valid range. The range of valid ports is ${this.text}`);
    }
    if (!this.range.take(port - this.first)) throw new AllocationError('provided port is already allocated');
  }

  /** @throws AllocationError when all are taken. */
  takeNext(): number {
    const offset = this.range.takeNext();
    if (offset === undefined) throw new AllocationError('range is full');
    return this.first + offset;
  }

  release(port: number): void {
    this.range.release(port - this.first);
  }
}
