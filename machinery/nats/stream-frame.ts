/** Frames of a stream, as machinery/stream.ts defines them. */
import type { Channel, StreamClose } from '../stream.ts';

export type StreamFrame =
  | { type: 'data'; channel: Channel; data: Uint8Array }
  | { type: 'end'; channel: Channel }
  | { type: 'credit'; channel: Channel; bytes: number }
  | { type: 'close'; result: StreamClose }
  | { type: 'resize'; width: number; height: number }
  | { type: 'keepAlive' };

const codes = { data: 0, end: 1, credit: 2, close: 3, resize: 4, keepAlive: 5 } as const satisfies Record<StreamFrame['type'], number>;

export function encodeFrame(frame: StreamFrame): Uint8Array {
  switch (frame.type) {
    case 'data': return Buffer.concat([Buffer.from([codes.data, frame.channel]), frame.data]);
    case 'end': return Buffer.from([codes.end, frame.channel]);
    case 'credit': {
      const bytes = Buffer.from([codes.credit, frame.channel, 0, 0, 0, 0]);
      bytes.writeUInt32BE(frame.bytes, 2);
      return bytes;
    }
    case 'close': return withJson(codes.close, frame.result);
    case 'resize': return withJson(codes.resize, { width: frame.width, height: frame.height });
    case 'keepAlive': return Buffer.from([codes.keepAlive, 0]);
  }
}

function withJson(code: number, value: object): Uint8Array {
  return Buffer.concat([Buffer.from([code, 0]), Buffer.from(JSON.stringify(value))]);
}

/** @returns undefined for what is no frame. A frame type of a later version is a keep-alive. */
export function decodeFrame(bytes: Uint8Array): StreamFrame | undefined {
  const code = bytes[0];
  const channel = bytes[1];
  if (code === undefined || (channel !== 0 && channel !== 1 && channel !== 2)) return undefined;
  const payload = bytes.subarray(2);
  switch (code) {
    case codes.data: return { type: 'data', channel, data: payload };
    case codes.end: return { type: 'end', channel };
    case codes.credit: return payload.length === 4 ? { type: 'credit', channel, bytes: new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0) } : undefined;
    case codes.close: return decodeClose(payload);
    case codes.resize: return decodeResize(payload);
    default: return { type: 'keepAlive' };
  }
}

function decodeClose(payload: Uint8Array): StreamFrame | undefined {
  const fields = jsonFields(payload);
  if (!fields) return undefined;
  const { exitCode, error } = fields;
  return {
    type: 'close',
    result: { ...(typeof exitCode === 'number' ? { exitCode } : {}), ...(typeof error === 'string' ? { error } : {}) },
  };
}

function decodeResize(payload: Uint8Array): StreamFrame | undefined {
  const fields = jsonFields(payload);
  return fields && typeof fields['width'] === 'number' && typeof fields['height'] === 'number'
    ? { type: 'resize', width: fields['width'], height: fields['height'] }
    : undefined;
}

function jsonFields(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined; // Not JSON: no frame.
  }
}
