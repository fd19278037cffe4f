import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Demultiplexer } from './demultiplex.ts';

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

it('gives every byte to its stream, however the connection cuts the frames', () => {
  const part = fc.record({ stream: fc.constantFrom(1, 2), text: fc.string({ maxLength: 20 }) });
  fc.assert(fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (parts, cuts) => {
    const input = Buffer.concat(parts.map(({ stream, text }) => frame(stream, text)));
    const demultiplexer = new Demultiplexer();
    const seen = { stdout: '', stderr: '' };
    for (let at = 0, turn = 0; at < input.length; turn++) {
      const end = at + cuts[turn % cuts.length]!;
      for (const { stream, data } of demultiplexer.push(input.subarray(at, end))) seen[stream] += data.toString('latin1');
      at = end;
    }
    const expected = (wanted: number) => Buffer.from(parts.filter(({ stream }) => stream === wanted).map(({ text }) => text).join('')).toString('latin1');
    expect(seen).toEqual({ stdout: expected(1), stderr: expected(2) });
  }));
});
