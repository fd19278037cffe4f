import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap } from './heap.ts';

it('gives items back in order, however pushes and pops alternate', () => {
  fc.assert(fc.property(fc.array(fc.option(fc.integer(), { nil: undefined, freq: 3 })), (steps) => {
    const heap = new Heap<number>((left, right) => left < right);
    let model: number[] = [];
    for (const step of steps) {
      if (step === undefined) {
        model = model.sort((left, right) => left - right);
        expect(heap.pop()).toBe(model.shift());
      } else {
        heap.push(step);
        model.push(step);
      }
      expect(heap.size).toBe(model.length);
    }
  }));
});

it('is empty after clear()', () => {
  const heap = new Heap<number>((left, right) => left < right);
  heap.push(1);
  heap.clear();
  expect(heap.pop()).toBeUndefined();
});
