/**
 * Docker's framing of stdout and stderr on one connection: one byte stream (1 stdout, 2 stderr), three zero bytes, length as
 * uint32 big-endian, payload. Containers with a tty have plain bytes instead.
 */
import type { LogChunk } from '../container-runtime/container-runtime.ts';

const headerBytes = 8;

/** Splits frames into chunks; hands parts of a frame on as they come, so nothing but a header is ever held back. */
export class Demultiplexer {
  private header = Buffer.alloc(0);
  private remaining = 0;
  private stream: LogChunk['stream'] = 'stdout';

  push(input: Buffer): LogChunk[] {
    const chunks: LogChunk[] = [];
    let at = 0;
    while (at < input.length) {
      if (this.remaining > 0) {
        const end = Math.min(input.length, at + this.remaining);
        chunks.push({ stream: this.stream, data: input.subarray(at, end) });
        this.remaining -= end - at;
        at = end;
        continue;
      }
      const end = Math.min(input.length, at + headerBytes - this.header.length);
      this.header = Buffer.concat([this.header, input.subarray(at, end)]);
      at = end;
      if (this.header.length < headerBytes) break;
      this.stream = this.header[0] === 2 ? 'stderr' : 'stdout';
      this.remaining = this.header.readUInt32BE(4);
      this.header = Buffer.alloc(0);
    }
    return chunks;
  }
}
