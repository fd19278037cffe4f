import { Duplex } from 'node:stream';
import { channels, type BoardStream, type Channel } from './stream.ts';

/** Which channel of the stream this side writes and which it reads. */
export interface DuplexChannels {
  write: Channel;
  read: Channel;
}

/** The control plane's side of a connection through a board, and the board's. */
export const connectionChannels = {
  client: { write: channels.stdin, read: channels.stdout },
  server: { write: channels.stdout, read: channels.stdin },
} as const satisfies Record<string, DuplexChannels>;

/**
 * A connection through a board as Node's streams have it, with half-close both ways. The peer waits while nobody reads. It
 * is destroyed when the stream closes: with an error where that broke, and where the far end had not said that it is done.
 */
export class StreamDuplex extends Duplex {
  private readonly stream: BoardStream;
  private readonly channels: DuplexChannels;
  private wakePeer: (() => void) | undefined;
  private ended = false;

  constructor(stream: BoardStream, use: DuplexChannels) {
    super({ allowHalfOpen: true });
    this.stream = stream;
    this.channels = use;
    stream.onData((channel, data) => {
      if (channel !== use.read || this.destroyed || this.push(data)) return;
      return new Promise<void>((resolve) => { this.wakePeer = resolve; });
    });
    stream.onEnd((channel) => {
      if (channel === use.read) this.finishReading();
    });
    void stream.closed.then(({ error }) => this.closedByStream(error));
  }

  override _read(): void {
    this.takeMore();
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.stream.write(this.channels.write, data).then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.stream.end(this.channels.write);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.takeMore();
    this.stream.close(error ? { error: error.message } : {});
    done(error);
  }

  private takeMore(): void {
    const { wakePeer } = this;
    this.wakePeer = undefined;
    wakePeer?.();
  }

  private finishReading(): void {
    if (this.ended) return;
    this.ended = true;
    this.push(null);
  }

  private closedByStream(error: string | undefined): void {
    if (this.destroyed) return;
    if (error !== undefined) {
      this.destroy(new Error(error));
      return;
    }
    this.finishReading();
    // Nothing more is taken on the far side; what came before its end is still to be read here.
    if (this.readableEnded) this.destroy();
    else this.once('end', () => this.destroy());
  }
}
