/**
 * Frames of SPDY/3.1 as bytes, without the compression of their headers. Source: SPDY Protocol Draft 3.1.
 *
 *     control:  |1| version 15 | type 16 | flags 8 | length 24 | payload     data:  |0| stream 31 | flags 8 | length 24 | payload
 */

/** Name to value; names are lower-case. A value with several parts has NUL between them. */
export type HeaderBlock = ReadonlyMap<string, string>;

export type Frame =
  | { type: 'data'; streamId: number; fin: boolean; data: Buffer }
  /** `headers` is the compressed block, here and below. */
  | { type: 'synStream'; streamId: number; associatedId: number; priority: number; fin: boolean; unidirectional: boolean; headers: Buffer }
  | { type: 'synReply'; streamId: number; fin: boolean; headers: Buffer }
  | { type: 'rstStream'; streamId: number; status: number }
  | { type: 'settings'; clear: boolean; settings: readonly Setting[] }
  | { type: 'ping'; id: number }
  | { type: 'goAway'; lastGoodStreamId: number; status: number }
  | { type: 'headers'; streamId: number; fin: boolean; headers: Buffer }
  | { type: 'windowUpdate'; streamId: number; delta: number };

export interface Setting {
  id: number;
  flags: number;
  value: number;
}

type ControlType = Exclude<Frame['type'], 'data'>;

export const headerBytes = 8;
/** What a length of 24 bits can say. */
export const maxLength = 0xff_ff_ff;
const version = 3;
const fin = 0x01;
const unidirectional = 0x02;

const codes: Readonly<Record<ControlType, number>> = {
  synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9,
};
const types = new Map(Object.entries(codes).map(([type, code]) => [code, type as ControlType]));

export const resetStatus = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5, internalError: 6, streamInUse: 8, streamAlreadyClosed: 9, frameTooLarge: 11 } as const;
export const goAwayStatus = { ok: 0, protocolError: 1, internalError: 2 } as const;

/** The peer does not speak SPDY/3.1 as it should: the connection cannot go on. */
export class SpdyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SpdyError';
  }
}

export function encodeFrame(frame: Frame): Buffer {
  switch (frame.type) {
    case 'data': {
      const head = Buffer.alloc(headerBytes);
      head.writeUInt32BE(frame.streamId);
      writeFlagsAndLength(head, frame.fin ? fin : 0, frame.data.length);
      return Buffer.concat([head, frame.data]);
    }
    case 'synStream': {
      const ids = Buffer.alloc(10);
      ids.writeUInt32BE(frame.streamId);
      ids.writeUInt32BE(frame.associatedId, 4);
      ids[8] = frame.priority << 5;
      return control(frame.type, (frame.fin ? fin : 0) | (frame.unidirectional ? unidirectional : 0), ids, frame.headers);
    }
    case 'synReply':
    case 'headers': return control(frame.type, frame.fin ? fin : 0, numbers(frame.streamId), frame.headers);
    case 'rstStream': return control(frame.type, 0, numbers(frame.streamId, frame.status));
    case 'settings': return control(frame.type, frame.clear ? 1 : 0, numbers(frame.settings.length, ...frame.settings.flatMap(({ id, flags, value }) => [(flags * 0x1_00_00_00) + id, value])));
    case 'ping': return control(frame.type, 0, numbers(frame.id));
    case 'goAway': return control(frame.type, 0, numbers(frame.lastGoodStreamId, frame.status));
    case 'windowUpdate': return control(frame.type, 0, numbers(frame.streamId, frame.delta));
  }
}

function writeFlagsAndLength(head: Buffer, flags: number, length: number): void {
  head.writeUInt32BE(flags * 0x1_00_00_00 + length, 4);
}

function control(type: ControlType, flags: number, ...payload: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(headerBytes);
  head.writeUInt16BE(0x8000 | version);
  head.writeUInt16BE(codes[type], 2);
  writeFlagsAndLength(head, flags, payload.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([head, ...payload]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

/** What the first eight bytes of a frame say. */
export interface FrameHead {
  /** undefined: a control frame of a type that nobody knows. */
  type: Frame['type'] | undefined;
  streamId: number;
  flags: number;
  length: number;
}

/** @throws SpdyError for another version of SPDY, or for what is none. */
export function decodeHead(bytes: Buffer): FrameHead {
  const first = bytes.readUInt32BE(0);
  const flags = bytes[4]!;
  const length = bytes.readUInt32BE(4) & maxLength;
  if (first < 0x80_00_00_00) return { type: 'data', streamId: first, flags, length };
  const spoken = (first >>> 16) & 0x7fff;
  if (spoken !== version) throw new SpdyError(`version ${spoken} of SPDY is not spoken here`);
  return { type: types.get(first & 0xffff), streamId: 0, flags, length };
}

/**
 * @param payload exactly head.length bytes.
 * @throws SpdyError when they do not fit the frame's type.
 */
export function decodeControl(type: ControlType, flags: number, payload: Buffer): Frame {
  const number = (index: number): number => payload.readUInt32BE(index * 4);
  const id = (index: number): number => number(index) & 0x7f_ff_ff_ff;
  const isFin = (flags & fin) !== 0;
  switch (type) {
    case 'synStream':
      need(type, payload.length >= 10);
      return { type, streamId: id(0), associatedId: id(1), priority: payload[8]! >>> 5, fin: isFin, unidirectional: (flags & unidirectional) !== 0, headers: payload.subarray(10) };
    case 'synReply':
    case 'headers':
      need(type, payload.length >= 4);
      return { type, streamId: id(0), fin: isFin, headers: payload.subarray(4) };
    case 'rstStream':
      need(type, payload.length === 8);
      return { type, streamId: id(0), status: number(1) };
    case 'settings': return decodeSettings(flags, payload);
    case 'ping':
      need(type, payload.length === 4);
      return { type, id: number(0) };
    case 'goAway':
      need(type, payload.length === 8);
      return { type, lastGoodStreamId: id(0), status: number(1) };
    case 'windowUpdate':
      need(type, payload.length === 8);
      return { type, streamId: id(0), delta: id(1) };
  }
}

function decodeSettings(flags: number, payload: Buffer): Frame {
  need('settings', payload.length >= 4 && (payload.length - 4) === payload.readUInt32BE(0) * 8);
  const settings: Setting[] = [];
  for (let at = 4; at < payload.length; at += 8) settings.push({ flags: payload[at]!, id: payload.readUIntBE(at + 1, 3), value: payload.readUInt32BE(at + 4) });
  return { type: 'settings', clear: (flags & 1) !== 0, settings };
}

function need(type: ControlType, fits: boolean): void {
  if (!fits) throw new SpdyError(`a frame of type ${type} has a wrong length`);
}
