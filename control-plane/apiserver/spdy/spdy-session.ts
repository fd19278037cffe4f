import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../../machinery/clock.ts';
import { encodeFrame, goAwayStatus, maxLength, resetStatus, SpdyError, type Frame, type HeaderBlock } from './frame.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { HeaderCompressor, HeaderDecompressor } from './header-codec.ts';
import { SpdyStream } from './spdy-stream.ts';

export interface SpdySessionOptions {
  /** The connection, past its upgrade. The session owns it. */
  transport: Duplex;
  clock: Pick<Clock, 'after'>;
  /** Called with every stream that the client begins. Throw to refuse it. */
  onStream: (stream: SpdyStream) => void;
}

/** Streams at once. A browser behind a forwarded port has a handful of connections, of two streams each. */
const maxStreams = 512;
/** Bytes of all streams that came and are not read. Beyond it nothing more is read from the client. */
const maxBufferedBytes = 256 * 1024;
/** Without a frame either way; as a kubelet's streamingConnectionIdleTimeout. */
const idleMs = 4 * 60 * 60 * 1000;
/** How long a client may take to read what it was sent before it closes the connection. */
const lingerMs = 5 * 60 * 1000;

/**
 * The server's side of a SPDY/3.1 connection.
 *
 *   open ──end()──► lingering: GOAWAY sent, what comes is dropped ──client closes, or lingerMs──► closed
 *     └──client closes, breaks the protocol or is idle────────────────────────────────────────────► closed
 *
 * Flow control is what moby/spdystream, the client of all Go programs, has: none. WINDOW_UPDATE and SETTINGS mean nothing,
 * and a slow reader slows the connection. INVARIANTS: frames are handled one after the other, so that header blocks are
 * decompressed in their order; at most maxBufferedBytes and a piece of the socket wait to be read.
 */
export class SpdySession {
  /** Resolves when the connection is gone. With why, where the client broke the protocol. */
  readonly closed: Promise<SpdyError | undefined>;
  private readonly transport: Duplex;
  private readonly clock: Pick<Clock, 'after'>;
  private readonly onStream: (stream: SpdyStream) => void;
  private readonly streams = new Map<number, SpdyStream>();
  private readonly compressor = new HeaderCompressor();
  private readonly decompressor = new HeaderDecompressor();
  private lastStreamId = 0;
  /** While the connection has no room. */
  private draining: Promise<void> | undefined;
  private goneAway = false;
  private ending = false;
  private wakeReader: (() => void) | undefined;
  private idle: Timer | undefined;
  private linger: Timer | undefined;

  constructor({ transport, clock, onStream }: SpdySessionOptions) {
    this.transport = transport;
    this.clock = clock;
    this.onStream = onStream;
    // What ends in a close is reported by it.
    transport.on('error', () => {});
    const gone = new Promise<void>((resolve) => transport.once('close', resolve));
    this.closed = this.read().then(async (failure) => {
      if (failure) await this.breakOff();
      transport.destroy();
      await gone;
      this.release();
      return failure;
    });
    this.watchIdle();
  }

  /** No more streams; what was written is sent. The client closes the connection, or is cut off when it does not. */
  async end(): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    this.wake();
    for (const stream of this.streams.values()) stream.destroy();
    await this.send({ type: 'goAway', lastGoodStreamId: this.lastStreamId, status: goAwayStatus.ok });
    this.linger = this.clock.after(lingerMs, () => this.transport.end(() => this.transport.destroy()));
  }

  /** At once, whatever is under way. */
  destroy(): void {
    this.transport.destroy();
    this.wake();
  }

  private async read(): Promise<SpdyError | undefined> {
    const splitter = new FrameSplitter();
    try {
      for await (const chunk of this.transport.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (this.ending) continue;
        this.watchIdle();
        for (const frame of splitter.push(chunk)) {
          await this.handle(frame);
          await this.room();
        }
      }
    } catch (error) {
      if (error instanceof SpdyError) return error;
      // The connection broke: for a server that is an end as any other.
    }
    return undefined;
  }

  private handle(frame: Frame): Promise<void> | void {
    switch (frame.type) {
      case 'data': return this.streams.get(frame.streamId)?.receive(frame.data, frame.fin);
      case 'synStream': return this.begin(frame);
      case 'headers':
        // They may change what the compression knows; nobody here wants them.
        return this.decompressor.decompress(frame.headers).then(() => {
          if (frame.fin) this.streams.get(frame.streamId)?.receive(Buffer.alloc(0), true);
        });
      case 'rstStream': return this.streams.get(frame.streamId)?.receiveReset();
      // Pings of ours have even numbers; there are none.
      case 'ping': return frame.id % 2 === 1 ? this.send(frame) : undefined;
      case 'goAway':
        this.goneAway = true;
        return;
      case 'synReply': throw new SpdyError('a reply to a stream that was not begun');
      case 'settings':
      case 'windowUpdate': return;
    }
  }

  private async begin(frame: Frame & { type: 'synStream' }): Promise<void> {
    const headers = await this.decompressor.decompress(frame.headers);
    const { streamId } = frame;
    if (streamId % 2 === 0 || streamId <= this.lastStreamId) throw new SpdyError(`stream ${streamId} begins after stream ${this.lastStreamId}`);
    this.lastStreamId = streamId;
    if (this.goneAway || this.ending || this.streams.size >= maxStreams) {
      await this.send({ type: 'rstStream', streamId, status: resetStatus.refusedStream });
      return;
    }
    let replied: () => void = () => {};
    const stream = this.makeStream(streamId, headers, new Promise((resolve) => { replied = resolve; }));
    this.streams.set(streamId, stream);
    try {
      this.onStream(stream);
    } catch {
      // It says why in the log, the client gets a reset.
      stream.destroy();
    }
    if (!stream.destroyed) {
      stream.receive(Buffer.alloc(0), frame.fin);
      await this.send({ type: 'synReply', streamId, fin: false, headers: await this.compressor.compress(new Map()) });
    }
    replied();
  }

  private makeStream(id: number, headers: HeaderBlock, replied: Promise<void>): SpdyStream {
    return new SpdyStream({
      id, headers, replied,
      connection: {
        sendData: (streamId, data, fin) => this.sendData(streamId, data, fin),
        reset: (streamId) => void this.send({ type: 'rstStream', streamId, status: resetStatus.cancel }),
        roomMade: () => this.wake(),
        gone: (streamId) => this.streams.delete(streamId),
      },
    });
  }

  private async sendData(streamId: number, data: Buffer, fin: boolean): Promise<void> {
    let at = 0;
    do {
      const end = Math.min(data.length, at + maxLength);
      await this.send({ type: 'data', streamId, fin: fin && end === data.length, data: data.subarray(at, end) });
      at = end;
    } while (at < data.length);
  }

  /** Resolves when the connection has room for more, or is gone. */
  private send(frame: Frame): Promise<void> {
    const { transport } = this;
    if (transport.destroyed || transport.writableEnded) return Promise.resolve();
    this.watchIdle();
    if (!transport.write(encodeFrame(frame))) this.draining ??= this.drained();
    return this.draining ?? Promise.resolve();
  }

  private drained(): Promise<void> {
    const { transport } = this;
    return new Promise((resolve) => {
      const done = (): void => {
        transport.off('drain', done).off('close', done);
        this.draining = undefined;
        resolve();
      };
      transport.on('drain', done).on('close', done);
    });
  }

  private async room(): Promise<void> {
    while (this.bufferedBytes() > maxBufferedBytes && !this.transport.destroyed && !this.ending) {
      await new Promise<void>((resolve) => { this.wakeReader = resolve; });
    }
  }

  private bufferedBytes(): number {
    let bytes = 0;
    for (const stream of this.streams.values()) bytes += stream.readableLength;
    return bytes;
  }

  private wake(): void {
    const { wakeReader } = this;
    this.wakeReader = undefined;
    wakeReader?.();
  }

  /** The client is told why before the connection ends. */
  private async breakOff(): Promise<void> {
    await this.send({ type: 'goAway', lastGoodStreamId: this.lastStreamId, status: goAwayStatus.protocolError });
    await new Promise<void>((resolve) => {
      this.transport.once('close', resolve);
      this.transport.end(resolve);
    });
  }

  private watchIdle(): void {
    this.idle?.cancel();
    this.idle = this.clock.after(idleMs, () => this.destroy());
  }

  private release(): void {
    this.idle?.cancel();
    this.linger?.cancel();
    for (const stream of [...this.streams.values()]) stream.receiveReset();
    this.streams.clear();
    this.compressor.close();
    this.decompressor.close();
  }
}
