/**
 * Byte streams with several channels over NATS (logs, exec): frames on a pair of subjects, with credit so that a slow
 * reader slows the writer and no buffer grows without bound.
 *
 * Frame: one byte type, one byte channel, payload. Types: 0 data, 1 end of channel, 2 credit (uint32 BE bytes granted for
 * the channel), 3 close (JSON StreamClose), 4 resize (JSON {width,height}), 5 keep-alive.
 */

/** Channels as Kubernetes numbers them. */
export const channels = { stdin: 0, stdout: 1, stderr: 2 } as const;
export type Channel = (typeof channels)[keyof typeof channels];

/** Bytes of one channel that may be under way and not yet consumed. */
export const streamWindowBytes = 256 * 1024;

export interface StreamClose {
  /** Exit code of an exec'd command. */
  exitCode?: number;
  /** Why it broke. */
  error?: string;
}

export interface BoardStream {
  /** Resolves when there is room for more. Rejects when the stream is closed. */
  write(channel: Channel, data: Uint8Array): Promise<void>;
  /** No more data on this channel (half-close). */
  end(channel: Channel): void;
  resize(width: number, height: number): void;
  /** Ends the stream both ways. */
  close(result: StreamClose): void;
  /** Resolves when either side closed or the peer vanished (error set). */
  readonly closed: Promise<StreamClose>;
  onData(handler: (channel: Channel, data: Uint8Array) => Promise<void> | void): void;
  onEnd(handler: (channel: Channel) => void): void;
  onResize(handler: (width: number, height: number) => void): void;
}
