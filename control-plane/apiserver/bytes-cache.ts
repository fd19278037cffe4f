/**
 * Bytes that hang on shared, frozen objects: made once, gone with their object. The whole is bounded: what was not asked for
 * while `maxBytes` of others were is forgotten.
 */
export class BytesCache {
  private readonly maxBytes: number;
  private young = new WeakMap<object, Buffer>();
  private old = new WeakMap<object, Buffer>();
  private youngBytes = 0;

  /** @param maxBytes of one of the two generations: the cache holds at most twice as much. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** @param make is asked again for objects that are not frozen: they may have changed. */
  get(object: object, make: () => Buffer): Buffer {
    const known = this.young.get(object);
    if (known) return known;
    const before = this.old.get(object);
    const bytes = before ?? make();
    if (before || Object.isFrozen(object)) this.keep(object, bytes);
    return bytes;
  }

  /** What is known of the object; nothing is made or kept. */
  peek(object: object): Buffer | undefined {
    return this.young.get(object) ?? this.old.get(object);
  }

  private keep(object: object, bytes: Buffer): void {
    if (this.youngBytes + bytes.length > this.maxBytes) this.rotate();
    this.young.set(object, bytes);
    this.youngBytes += bytes.length;
  }

  /** Forgets what was not asked for since the time before. */
  rotate(): void {
    this.old = this.young;
    this.young = new WeakMap();
    this.youngBytes = 0;
  }
}
