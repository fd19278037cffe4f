/** The client's side of SPDY/3.1, frame by frame: a test plays it. */
import type { Duplex } from 'node:stream';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { encodeFrame, type Frame, type HeaderBlock } from '../frame.ts';
import { FrameSplitter } from '../frame-splitter.ts';
import { HeaderCompressor } from '../header-codec.ts';

export class SpdyClient {
  readonly frames: Frame[] = [];
  private readonly transport: Duplex;
  private readonly compressor = new HeaderCompressor();
  private nextId = 1;
  closed = false;

  constructor(transport: Duplex) {
    this.transport = transport;
    const splitter = new FrameSplitter();
    transport.on('data', (data: Buffer) => this.frames.push(...splitter.push(data)));
    transport.on('close', () => { this.closed = true; });
    transport.on('end', () => { this.closed = true; });
    transport.on('error', () => {});
  }

  send(frame: Frame): void {
    this.transport.write(encodeFrame(frame));
  }

  /** @returns the stream's id. */
  async begin(headers: Record<string, string>, fin = false): Promise<number> {
    const streamId = this.nextId;
    this.nextId += 2;
    const block: HeaderBlock = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    this.send({ type: 'synStream', streamId, associatedId: 0, priority: 0, fin, unidirectional: false, headers: await this.compressor.compress(block) });
    return streamId;
  }

  data(streamId: number, text: string, fin = false): void {
    this.send({ type: 'data', streamId, fin, data: Buffer.from(text) });
  }

  /** What came on a stream so far. */
  text(streamId: number): string {
    return this.frames.flatMap((frame) => (frame.type === 'data' && frame.streamId === streamId ? [frame.data.toString()] : [])).join('');
  }

  ended(streamId: number): boolean {
    return this.frames.some((frame) => frame.type === 'data' && frame.streamId === streamId && frame.fin);
  }

  wasReset(streamId: number): boolean {
    return this.frames.some((frame) => frame.type === 'rstStream' && frame.streamId === streamId);
  }

  replied(streamId: number): Promise<unknown> {
    return eventually(() => this.frames.some((frame) => frame.type === 'synReply' && frame.streamId === streamId));
  }

  close(): void {
    this.transport.end();
  }
}
