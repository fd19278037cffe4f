/** A binary heap: the first in order comes out in logarithmic time. Equal items come out in no particular order. */
export class Heap<T> {
  private readonly items: T[] = [];
  private readonly isBefore: (left: T, right: T) => boolean;

  constructor(isBefore: (left: T, right: T) => boolean) {
    this.isBefore = isBefore;
  }

  get size(): number {
    return this.items.length;
  }

  push(item: T): void {
    this.items.push(item);
    let at = this.items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.raise(parent, at)) return;
      at = parent;
    }
  }

  /** Takes the first in order out; undefined when there is none. */
  pop(): T | undefined {
    const first = this.items[0];
    const last = this.items.pop();
    if (this.items.length === 0 || last === undefined) return first;
    this.items[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.items.length) return first;
      const right = left + 1;
      const child = right < this.items.length && this.isBefore(this.items[right]!, this.items[left]!) ? right : left;
      if (!this.raise(at, child)) return first;
      at = child;
    }
  }

  clear(): void {
    this.items.length = 0;
  }

  /** Lets the child change places with its parent where it comes before it. @returns whether it did. */
  private raise(parent: number, child: number): boolean {
    const [upper, lower] = [this.items[parent]!, this.items[child]!];
    if (!this.isBefore(lower, upper)) return false;
    this.items[parent] = lower;
    this.items[child] = upper;
    return true;
  }
}
