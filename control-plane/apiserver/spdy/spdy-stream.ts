import { Duplex } from 'node:stream';
import type { HeaderBlock } from './frame.ts';

/** What a stream needs of its connection. */
export interface StreamConnection {
  /** Resolves when there is room for more. */
  sendData(streamId: number, data: Buffer, fin: boolean): Promise<void>;
  reset(streamId: number): void;
  /** What the stream held back was read, or the stream is gone. */
  roomMade(): void;
  gone(streamId: number): void;
}

/** Bytes that are buffered to be read before the connection is asked to wait, and to be written. */
const highWaterMark = 64 * 1024;

/**
 * A stream that the client has begun. Its end is the client's FIN, `end()` ours; it is destroyed when the client resets it,
 * when the connection ends, and when both sides have ended. Destroying it before resets it.
 */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: HeaderBlock;
  /** Writes wait for it: a client drops what comes before the reply. */
  private readonly replied: Promise<void>;
  private readonly connection: StreamConnection;
  private state: 'open' | 'reset' = 'open';
  private receivedFin = false;

  constructor(options: { id: number; headers: HeaderBlock; replied: Promise<void>; connection: StreamConnection }) {
    super({ allowHalfOpen: true, highWaterMark, emitClose: true });
    this.id = options.id;
    this.headers = options.headers;
    this.replied = options.replied;
    this.connection = options.connection;
    // Whoever reads or writes learns of a reset by the close; nobody must listen for the error.
    this.on('error', () => {});
  }

  /** For the connection only. */
  receive(data: Buffer, fin: boolean): void {
    if (this.destroyed || this.receivedFin) return;
    // A copy: the piece is a view of what the socket read, which it would keep alive.
    if (data.length > 0) this.push(Buffer.from(data));
    if (!fin) return;
    this.receivedFin = true;
    this.push(null);
  }

  /** For the connection only: the client has reset the stream, or is gone. */
  receiveReset(): void {
    this.state = 'reset';
    this.destroy(new Error('the stream was reset by the client'));
  }

  override _read(): void {
    this.connection.roomMade();
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.replied.then(() => this.connection.sendData(this.id, data, false)).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.replied.then(() => this.connection.sendData(this.id, Buffer.alloc(0), true)).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const whole = this.receivedFin && this.writableFinished;
    if (this.state === 'open' && !whole) this.connection.reset(this.id);
    this.connection.gone(this.id);
    this.connection.roomMade();
    done(error);
  }
}
