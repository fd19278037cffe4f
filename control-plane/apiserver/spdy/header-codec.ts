/**
 * Name/value blocks of SPDY/3 and their compression: one zlib stream per direction for the life of the connection, so blocks
 * must be coded in the order they are on the wire, and a broken one ends the connection.
 */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { dictionary } from './dictionary.ts';
import { SpdyError, type HeaderBlock } from './frame.ts';

/** Bytes of one block before compression, and pairs in it. A stream of kubectl has four short ones. */
const maxBlockBytes = 64 * 1024;
const maxPairs = 100;

export function encodePairs(headers: HeaderBlock): Buffer {
  const parts: Buffer[] = [uint32(headers.size)];
  for (const [name, value] of headers) {
    for (const text of [name, value]) {
      const bytes = Buffer.from(text, 'utf8');
      parts.push(uint32(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** @throws SpdyError for what is no block, has an upper-case name or one name twice. */
export function decodePairs(bytes: Buffer): HeaderBlock {
  let at = 0;
  const number = (): number => {
    if (at + 4 > bytes.length) throw new SpdyError('a header block ends early');
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > bytes.length) throw new SpdyError('a header block ends early');
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const count = number();
  if (count > maxPairs) throw new SpdyError(`a header block has ${count} headers`);
  const headers = new Map<string, string>();
  for (let index = 0; index < count; index++) {
    const name = text();
    const value = text();
    if (name === '' || name !== name.toLowerCase()) throw new SpdyError('a header name is not lower-case');
    if (headers.has(name)) throw new SpdyError('a header is there twice');
    headers.set(name, value);
  }
  return headers;
}

/** Compresses blocks of one direction. One call at a time: await it before the next. */
export class HeaderCompressor {
  private readonly deflate: Deflate = createDeflate({ dictionary, windowBits: 11, memLevel: 4 });

  compress(headers: HeaderBlock): Promise<Buffer> {
    return codeBlock(this.deflate, encodePairs(headers), Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.deflate.close();
  }
}

/** Decompresses blocks of one direction. One call at a time: await it before the next. */
export class HeaderDecompressor {
  private readonly inflate: Inflate = createInflate({ dictionary });

  /** @throws SpdyError for what is not compressed as it should be, or becomes too big. */
  async decompress(block: Buffer): Promise<HeaderBlock> {
    return decodePairs(await codeBlock(this.inflate, block, maxBlockBytes));
  }

  close(): void {
    this.inflate.close();
  }
}

/** Puts bytes through the stream, flushed, and gives what comes out. */
function codeBlock(stream: Deflate | Inflate, input: Buffer, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const finish = (error?: Error): void => {
      stream.off('data', take).off('error', fail).off('end', ended);
      // A stream that is closed or broken may complain once more.
      if (error) stream.on('error', () => {});
      if (error) reject(error);
      else resolve(Buffer.concat(pieces));
    };
    const fail = (error: Error): void => finish(new SpdyError(`a header block cannot be read: ${error.message}`));
    const ended = (): void => finish(new SpdyError('the header compression has ended'));
    const take = (piece: Buffer): void => {
      size += piece.length;
      if (size > limit) {
        stream.destroy();
        finish(new SpdyError(`a header block has more than ${limit} bytes`));
        return;
      }
      pieces.push(piece);
    };
    stream.on('data', take).on('error', fail).on('end', ended);
    stream.write(input, (error) => {
      if (error) return; // The error event says it.
      stream.flush(constants.Z_SYNC_FLUSH, () => finish());
    });
  });
}
