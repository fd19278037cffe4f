import type { BoardStream, Channel, StreamClose } from '../../../machinery/stream.ts';

/** The board's end of a stream in memory: a test plays the board. */
export class FakeBoardStream implements BoardStream {
  readonly closed: Promise<StreamClose>;
  readonly written: { channel: Channel; text: string }[] = [];
  readonly ended: Channel[] = [];
  readonly sizes: { width: number; height: number }[] = [];
  closedByServer = false;
  private finish!: (result: StreamClose) => void;
  private handler: ((channel: Channel, data: Uint8Array) => Promise<void> | void) | undefined;
  private ready: (() => void)[] = [];

  constructor() {
    this.closed = new Promise((resolve) => { this.finish = resolve; });
  }

  /** What the command writes. Resolves when the server has taken it. */
  async emit(channel: Channel, text: string | Uint8Array): Promise<void> {
    if (!this.handler) await new Promise<void>((resolve) => this.ready.push(resolve));
    await this.handler!(channel, typeof text === 'string' ? Buffer.from(text) : text);
  }

  /** The command ends. */
  exit(result: StreamClose): void {
    this.finish(result);
  }

  write(channel: Channel, data: Uint8Array): Promise<void> {
    this.written.push({ channel, text: Buffer.from(data).toString() });
    return Promise.resolve();
  }

  end(channel: Channel): void {
    this.ended.push(channel);
  }

  resize(width: number, height: number): void {
    this.sizes.push({ width, height });
  }

  close(result: StreamClose): void {
    this.closedByServer = true;
    this.finish(result);
  }

  onData(handler: (channel: Channel, data: Uint8Array) => Promise<void> | void): void {
    this.handler = handler;
    for (const ready of this.ready.splice(0)) ready();
  }

  onEnd(): void {}

  onResize(): void {}
}
