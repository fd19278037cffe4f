import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, SpdyError, type Frame } from './frame.ts';
import { FrameSplitter } from './frame-splitter.ts';

const id = fc.integer({ min: 1, max: 0x7f_ff_ff_ff });
const number = fc.integer({ min: 0, max: 0xff_ff_ff_ff });
const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array));
const setting = fc.record({ id: fc.integer({ min: 0, max: 0xff_ff_ff }), flags: fc.integer({ min: 0, max: 255 }), value: number });

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant('data' as const), streamId: id, fin: fc.boolean(), data: bytes }),
  fc.record({ type: fc.constant('synStream' as const), streamId: id, associatedId: fc.integer({ min: 0, max: 0x7f_ff_ff_ff }), priority: fc.integer({ min: 0, max: 7 }), fin: fc.boolean(), unidirectional: fc.boolean(), headers: bytes }),
  fc.record({ type: fc.constant('synReply' as const), streamId: id, fin: fc.boolean(), headers: bytes }),
  fc.record({ type: fc.constant('rstStream' as const), streamId: id, status: number }),
  fc.record({ type: fc.constant('settings' as const), clear: fc.boolean(), settings: fc.array(setting, { maxLength: 5 }) }),
  fc.record({ type: fc.constant('ping' as const), id: number }),
  fc.record({ type: fc.constant('goAway' as const), lastGoodStreamId: id, status: number }),
  fc.record({ type: fc.constant('headers' as const), streamId: id, fin: fc.boolean(), headers: bytes }),
  fc.record({ type: fc.constant('windowUpdate' as const), streamId: id, delta: id }),
);

/** Parts of one data frame belong together. */
function joined(frames: readonly Frame[]): Frame[] {
  const whole: Frame[] = [];
  let open: { type: 'data'; streamId: number; fin: boolean; data: Buffer } | undefined;
  let missing = 0;
  for (const one of frames) {
    if (one.type === 'data' && open && missing > 0) {
      open = { ...one, data: Buffer.concat([open.data, one.data]) };
      whole[whole.length - 1] = open;
    } else {
      whole.push(one);
      open = one.type === 'data' ? one : undefined;
      missing = 1;
    }
  }
  return whole;
}

describe('frames', () => {
  it('survive the wire whole, in their order', () => {
    fc.assert(fc.property(fc.array(frame, { maxLength: 10 }), (frames) => {
      expect(new FrameSplitter().push(Buffer.concat(frames.map(encodeFrame)))).toEqual(frames);
    }));
  });

  it('survive being cut anywhere', () => {
    fc.assert(fc.property(frame, fc.integer({ min: 1, max: 30 }), (sent, size) => {
      const wire = encodeFrame(sent);
      const splitter = new FrameSplitter();
      const got: Frame[] = [];
      for (let at = 0; at < wire.length; at += size) got.push(...splitter.push(wire.subarray(at, at + size)));
      expect(joined(got)).toEqual([sent]);
    }));
  });

  it('are as the protocol draws them', () => {
    expect(encodeFrame({ type: 'ping', id: 1 }).toString('hex')).toBe('800300060000000400000001');
    expect(encodeFrame({ type: 'data', streamId: 3, fin: true, data: Buffer.from('hi') }).toString('hex')).toBe('00000003010000026869');
    expect(encodeFrame({ type: 'rstStream', streamId: 5, status: 3 }).toString('hex')).toBe('80030003000000080000000500000003');
    expect(encodeFrame({ type: 'goAway', lastGoodStreamId: 7, status: 0 }).toString('hex')).toBe('80030007000000080000000700000000');
  });

  it.each([
    ['another version', '800200060000000400000001', /version 2 of SPDY/],
    ['data of stream 0', '0000000001000000', /data of stream 0/],
    ['a control frame that is too big', '8003000100ffffff', /a control frame has 16777215 bytes/],
    ['a ping without an id', '8003000600000000', /wrong length/],
    ['settings that say more than there is', '800300040000000400000002', /wrong length/],
    ['plain HTTP', Buffer.from('GET / HTTP/1.1').toString('hex'), undefined],
  ])('refuse %s', (_what, hex, message) => {
    const push = () => new FrameSplitter().push(Buffer.from(hex, 'hex'));
    if (message) expect(push).toThrow(message);
    else expect(push().every(({ type }) => type === 'data')).toBe(true);
  });

  it('leave out what nobody knows', () => {
    const unknown = Buffer.from('8003002a00000003aabbcc', 'hex');
    expect(new FrameSplitter().push(Buffer.concat([unknown, encodeFrame({ type: 'ping', id: 1 })]))).toEqual([{ type: 'ping', id: 1 }]);
  });

  it('never make more of hostile bytes than a SpdyError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const splitter = new FrameSplitter();
      try {
        splitter.push(Buffer.from(noise));
        splitter.push(Buffer.concat([Buffer.from([0x80, 3]), Buffer.from(noise)]));
      } catch (error) {
        expect(error).toBeInstanceOf(SpdyError);
      }
    }), { numRuns: 500 });
  });
});
