import { createDeflate } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { dictionary } from './dictionary.ts';
import { SpdyError } from './frame.ts';
import { decodePairs, encodePairs, HeaderCompressor, HeaderDecompressor } from './header-codec.ts';

const open: { close(): void }[] = [];
function pair(): [HeaderCompressor, HeaderDecompressor] {
  const made: [HeaderCompressor, HeaderDecompressor] = [new HeaderCompressor(), new HeaderDecompressor()];
  open.push(...made);
  return made;
}
afterEach(() => { for (const one of open.splice(0)) one.close(); });

/** What zlib makes of bytes that are not SPDY's. */
function deflated(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const stream = createDeflate({ dictionary }).on('data', (piece: Buffer) => pieces.push(piece));
    open.push(stream);
    stream.write(bytes);
    stream.flush(2, () => resolve(Buffer.concat(pieces)));
  });
}

describe('header blocks', () => {
  it('are compressed against the dictionary of SPDY/3', () => {
    let low = 1;
    let high = 0;
    for (const byte of dictionary) {
      low = (low + byte) % 65_521;
      high = (high + low) % 65_521;
    }
    expect((high * 65_536 + low).toString(16)).toBe('e3c6a7c2');
  });

  it('survive one after the other on one connection', async () => {
    const [compressor, decompressor] = pair();
    const name = fc.stringMatching(/^[a-z-]{1,10}$/);
    await fc.assert(fc.asyncProperty(fc.dictionary(name, fc.string()), async (headers) => {
      const block = new Map(Object.entries(headers));
      expect(await decompressor.decompress(await compressor.compress(block))).toEqual(block);
    }), { numRuns: 50 });
  });

  it.each([
    ['upper-case names', encodePairs(new Map([['StreamType', 'error']])), /lower-case/],
    ['an empty name', encodePairs(new Map([['', 'x']])), /lower-case/],
    ['more headers than a request needs', Buffer.from('ffffffff', 'hex'), /has 4294967295 headers/],
    ['a length beyond the end', Buffer.from('00000001000000ff61', 'hex'), /ends early/],
    ['nothing', Buffer.alloc(0), /ends early/],
  ])('refuse %s', (_what, bytes, message) => {
    expect(() => decodePairs(bytes)).toThrow(message);
  });

  it('refuse one name twice', () => {
    const one = encodePairs(new Map([['a', 'b']])).subarray(4);
    expect(() => decodePairs(Buffer.concat([Buffer.from([0, 0, 0, 2]), one, one]))).toThrow('a header is there twice');
  });

  it('refuse what is not compressed, and what becomes too big', async () => {
    await expect(pair()[1].decompress(Buffer.from('not zlib at all'))).rejects.toBeInstanceOf(SpdyError);
    await expect(pair()[1].decompress(await deflated(Buffer.alloc(10_000_000)))).rejects.toThrow('has more than 65536 bytes');
  });
});
