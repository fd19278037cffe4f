/**
 * Bytes that hang on shared, frozen objects: made once, gone with their object. The whole is bounded: what was not asked for
 * while `maxBytes` of others were is forgotten.
 *
 * What is kept is copied into slabs of the cache's own: small buffers lie in Node's pool, of which each would keep 8 kB alive.
 */
const slabBytes = 16 * 1024;

export class BytesCache {
  private readonly maxBytes: number;
  private young = new WeakMap<object, Buffer>();
  private old = new WeakMap<object, Buffer>();
  private youngBytes = 0;
  private slab = Buffer.alloc(0);
  private slabUsed = 0;

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
    return before || Object.isFrozen(object) ? this.keep(object, bytes) : bytes;
  }

  /** What is known of the object; nothing is made or kept. */
  peek(object: object): Buffer | undefined {
    return this.young.get(object) ?? this.old.get(object);
  }

  private keep(object: object, bytes: Buffer): Buffer {
    if (this.youngBytes + bytes.length > this.maxBytes) this.rotate();
    const kept = this.copy(bytes);
    this.young.set(object, kept);
    this.youngBytes += kept.length;
    return kept;
  }

  private copy(bytes: Buffer): Buffer {
    const { length } = bytes;
    // Large ones are no part of the pool.
    if (length > slabBytes / 4) return bytes.buffer.byteLength === length ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
    if (this.slabUsed + length > this.slab.length) {
      this.slab = Buffer.allocUnsafeSlow(slabBytes);
      this.slabUsed = 0;
    }
    const kept = this.slab.subarray(this.slabUsed, this.slabUsed + length);
    bytes.copy(kept);
    this.slabUsed += length;
    return kept;
  }

  /** Forgets what was not asked for since the time before. */
  rotate(): void {
    this.old = this.young;
    this.young = new WeakMap();
    this.youngBytes = 0;
    // A slab of both generations would live as long as the younger one.
    this.slab = Buffer.alloc(0);
    this.slabUsed = 0;
  }
}
