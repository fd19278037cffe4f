/**
 * Writes protobuf from its end to its beginning, so that the length of a message is known when it is written. Go's generated
 * code does the same.
 */
const firstBytes = 64 * 1024;
/** A buffer that one big object made is not kept. */
const keptBytes = 1024 * 1024;

export class BackwardWriter {
  private buffer = Buffer.allocUnsafeSlow(firstBytes);
  /** What is written begins here. */
  private start = firstBytes;

  /** Bytes written so far. */
  get length(): number {
    return this.buffer.length - this.start;
  }

  /** @returns a copy of what was written. The writer is empty again. */
  take(): Buffer {
    const bytes = Buffer.allocUnsafe(this.length);
    this.buffer.copy(bytes, 0, this.start);
    if (this.buffer.length > keptBytes) this.buffer = Buffer.allocUnsafeSlow(firstBytes);
    this.start = this.buffer.length;
    return bytes;
  }

  /** After an error. */
  clear(): void {
    this.start = this.buffer.length;
  }

  private reserve(bytes: number): void {
    if (this.start >= bytes) return;
    const { length } = this;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, length + bytes));
    this.buffer.copy(grown, grown.length - length, this.start);
    this.buffer = grown;
    this.start = grown.length - length;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[--this.start] = value;
  }

  /** @param value a whole number; a negative one takes ten bytes, as int32 and int64 do. */
  varint(value: number): void {
    if (value >= 0 && value < 0x80) {
      this.byte(value);
      return;
    }
    if (value < 0 || value > 0x7fffffff) {
      this.wideVarint(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    const size = value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
    this.reserve(size);
    this.start -= size;
    let rest = value;
    for (let index = 0; index < size - 1; index++) {
      this.buffer[this.start + index] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.start + size - 1] = rest;
  }

  private wideVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.raw(bytes);
  }

  raw(bytes: Uint8Array | readonly number[]): void {
    this.reserve(bytes.length);
    this.start -= bytes.length;
    this.buffer.set(bytes, this.start);
  }

  double(value: number): void {
    this.reserve(8);
    this.start -= 8;
    this.buffer.writeDoubleLE(value, this.start);
  }

  /** UTF-8, without length. @returns its bytes. */
  text(value: string): number {
    const { length } = value;
    this.reserve(length);
    // Nearly all texts are short and ASCII.
    if (length < 64) {
      const { buffer } = this;
      const from = this.start - length;
      let index = 0;
      for (; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code > 0x7f) break;
        buffer[from + index] = code;
      }
      if (index === length) {
        this.start = from;
        return length;
      }
    }
    const bytes = Buffer.byteLength(value);
    this.reserve(bytes);
    this.start -= bytes;
    this.buffer.write(value, this.start, bytes, 'utf8');
    return bytes;
  }
}
