import type { Clock, Timer } from '../clock.ts';
import { streamWindowBytes, type BoardStream, type Channel, type StreamClose } from '../stream.ts';
import type { MessagingConnection } from './messaging-connection.ts';
import { decodeFrame, encodeFrame, type StreamFrame } from './stream-frame.ts';

export interface StreamEnds {
  /** Subject this side sends frames on. */
  send: string;
  /** Subject this side gets frames on. */
  receive: string;
}

/** Payload of one data frame at most: small enough that two channels share the connection fairly. */
const frameBytes = 32 * 1024;
const keepAliveMs = 15_000;
/** Silence after which the peer is taken for gone. */
const vanishedMs = 3 * keepAliveMs;

/** Credit is granted in portions, so that a reader of small pieces does not answer each with a frame. */
const grantBytes = streamWindowBytes / 4;

/** One direction-independent channel: what we may send, and what came and is not consumed. */
interface ChannelState {
  credit: number;
  /** Writers wait here for credit, in order. */
  wakeWriter: (() => void) | undefined;
  lastWrite: Promise<void>;
  received: Uint8Array[];
  receivedBytes: number;
  consumedBytes: number;
  ended: 'no' | 'received' | 'delivered';
  delivering: boolean;
}

/**
 * Opens this side of a stream: the control plane before it sends the StreamRequest, the board before it answers it. Both
 * sides are alike.
 *
 * ```
 *            close(), frame close, violation, silence, connection lost
 *   open ───────────────────────────────────────────────────────────────▶ closed
 * ```
 * The peer's close takes effect after everything that came before it was consumed.
 *
 * INVARIANTS
 * - Per channel at most streamWindowBytes are sent and not granted again; a peer that sends more is cut off. So a stream
 *   holds at most three windows, whatever its reader does.
 * - Data of one channel reaches its handler in order, one piece at a time.
 * - NATS loses messages only where a connection breaks: either side then closes, and says so as soon as it is connected.
 */
export function openStream(connection: MessagingConnection, ends: StreamEnds, dependencies: { clock: Clock }): BoardStream {
  return new NatsStream(connection, ends, dependencies.clock);
}

class NatsStream implements BoardStream {
  readonly closed: Promise<StreamClose>;
  private readonly connection: MessagingConnection;
  private readonly ends: StreamEnds;
  private readonly clock: Clock;
  private readonly states: readonly ChannelState[] = [newChannel(), newChannel(), newChannel()];
  private readonly cleanups: (() => void)[] = [];
  private timer: Timer | undefined;
  private lastSent: number;
  private lastReceived: number;
  private isClosed = false;
  private peerResult: StreamClose | undefined;
  private resolveClosed: (result: StreamClose) => void = () => {};
  private dataHandler: ((channel: Channel, data: Uint8Array) => Promise<void> | void) | undefined;
  private endHandler: ((channel: Channel) => void) | undefined;
  private resizeHandler: ((width: number, height: number) => void) | undefined;
  private lastResize: { width: number; height: number } | undefined;

  constructor(connection: MessagingConnection, ends: StreamEnds, clock: Clock) {
    this.connection = connection;
    this.ends = ends;
    this.clock = clock;
    this.lastSent = clock.monotonic();
    this.lastReceived = clock.monotonic();
    this.closed = new Promise((resolve) => { this.resolveClosed = resolve; });
    this.cleanups.push(connection.subscribe(ends.receive, (message) => this.receive(message.data)));
    this.cleanups.push(connection.onStatus((status) => {
      if (status !== 'connected') this.connectionLost();
    }));
    this.watchPeer();
  }

  write(channel: Channel, data: Uint8Array): Promise<void> {
    const state = this.state(channel);
    const written = state.lastWrite.then(() => this.send(channel, state, data));
    state.lastWrite = written.catch(() => {}); // The caller has the error; writers behind find the stream closed.
    return written;
  }

  end(channel: Channel): void {
    const state = this.state(channel);
    state.lastWrite = state.lastWrite.then(() => { if (!this.isClosed) this.publish({ type: 'end', channel }); });
  }

  resize(width: number, height: number): void {
    if (!this.isClosed) this.publish({ type: 'resize', width, height });
  }

  close(result: StreamClose): void {
    if (this.isClosed) return;
    this.publish({ type: 'close', result });
    this.finish(result);
  }

  onData(handler: (channel: Channel, data: Uint8Array) => Promise<void> | void): void {
    this.dataHandler = handler;
    this.deliverAll();
  }

  onEnd(handler: (channel: Channel) => void): void {
    this.endHandler = handler;
    this.deliverAll();
  }

  onResize(handler: (width: number, height: number) => void): void {
    this.resizeHandler = handler;
    if (this.lastResize) handler(this.lastResize.width, this.lastResize.height);
  }

  private state(channel: Channel): ChannelState {
    return this.states[channel]!;
  }

  private async send(channel: Channel, state: ChannelState, data: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < data.length) {
      if (this.isClosed) throw new Error('the stream is closed');
      if (state.credit === 0) {
        await new Promise<void>((resolve) => { state.wakeWriter = resolve; });
        continue;
      }
      const size = Math.min(frameBytes, state.credit, data.length - offset);
      state.credit -= size;
      this.publish({ type: 'data', channel, data: data.subarray(offset, offset + size) });
      offset += size;
    }
    if (this.isClosed) throw new Error('the stream is closed');
  }

  private publish(frame: StreamFrame): void {
    this.lastSent = this.clock.monotonic();
    this.connection.publish(this.ends.send, encodeFrame(frame));
  }

  private receive(bytes: Uint8Array): void {
    if (this.isClosed || this.peerResult) return;
    this.lastReceived = this.clock.monotonic();
    const frame = decodeFrame(bytes);
    if (!frame) return this.close({ error: 'the peer sent a malformed frame' });
    switch (frame.type) {
      case 'data': return this.receiveData(frame.channel, frame.data);
      case 'end':
        if (this.state(frame.channel).ended === 'no') this.state(frame.channel).ended = 'received';
        return this.deliver(frame.channel);
      case 'credit': {
        const state = this.state(frame.channel);
        state.credit = Math.min(streamWindowBytes, state.credit + frame.bytes);
        return wake(state);
      }
      case 'close':
        this.peerResult = frame.result;
        return this.finishWhenConsumed();
      case 'resize':
        this.lastResize = { width: frame.width, height: frame.height };
        return this.resizeHandler?.(frame.width, frame.height);
      case 'keepAlive': return;
    }
  }

  private receiveData(channel: Channel, data: Uint8Array): void {
    const state = this.state(channel);
    if (state.receivedBytes + state.consumedBytes + data.length > streamWindowBytes) return this.close({ error: 'the peer sent more than it may' });
    // A copy: the library's message is a view of a bigger buffer, which it would keep alive.
    state.received.push(Uint8Array.from(data));
    state.receivedBytes += data.length;
    this.deliver(channel);
  }

  private deliverAll(): void {
    for (const channel of [0, 1, 2] as const) this.deliver(channel);
  }

  private deliver(channel: Channel): void {
    const state = this.state(channel);
    if (state.delivering || !this.dataHandler) return;
    state.delivering = true;
    this.drain(channel, state, this.dataHandler).catch((error: unknown) => {
      this.close({ error: `the reader failed: ${error instanceof Error ? error.message : String(error)}` });
    }).finally(() => {
      state.delivering = false;
      // Something may have come after the last look and before this one.
      if (!this.isClosed && (state.received.length > 0 || (state.ended === 'received' && this.endHandler))) this.deliver(channel);
      this.finishWhenConsumed();
    });
  }

  private async drain(channel: Channel, state: ChannelState, handler: NonNullable<typeof this.dataHandler>): Promise<void> {
    for (let data = state.received.shift(); data && !this.isClosed; data = state.received.shift()) {
      await handler(channel, data);
      state.receivedBytes -= data.length;
      state.consumedBytes += data.length;
      this.grant(channel, state);
    }
    if (state.ended === 'received' && !this.isClosed && this.endHandler) {
      state.ended = 'delivered';
      this.endHandler(channel);
    }
  }

  private grant(channel: Channel, state: ChannelState): void {
    if (state.consumedBytes < grantBytes || this.isClosed || this.peerResult) return;
    this.publish({ type: 'credit', channel, bytes: state.consumedBytes });
    state.consumedBytes = 0;
  }

  private finishWhenConsumed(): void {
    if (!this.peerResult || this.isClosed) return;
    if (this.states.every((state) => !state.delivering && state.received.length === 0)) this.finish(this.peerResult);
  }

  private connectionLost(): void {
    if (this.isClosed) return;
    this.finish({ error: 'the connection to NATS was lost' });
    if (this.connection.status === 'closed') return;
    const stop = this.connection.onStatus((status) => {
      if (status === 'disconnected') return;
      stop();
      this.connection.publish(this.ends.send, encodeFrame({ type: 'close', result: { error: 'the connection to NATS was lost' } }));
    });
  }

  private watchPeer(): void {
    this.timer = this.clock.after(keepAliveMs, () => {
      const now = this.clock.monotonic();
      if (now - this.lastReceived >= vanishedMs) return this.close({ error: 'the peer has vanished' });
      if (now - this.lastSent >= keepAliveMs) this.publish({ type: 'keepAlive' });
      this.watchPeer();
    });
  }

  private finish(result: StreamClose): void {
    this.isClosed = true;
    this.timer?.cancel();
    for (const cleanup of this.cleanups) cleanup();
    for (const state of this.states) {
      state.received.length = 0;
      wake(state);
    }
    this.resolveClosed(result);
  }
}

function newChannel(): ChannelState {
  return {
    credit: streamWindowBytes, wakeWriter: undefined, lastWrite: Promise.resolve(), received: [], receivedBytes: 0, consumedBytes: 0,
    ended: 'no', delivering: false,
  };
}

function wake(state: ChannelState): void {
  const { wakeWriter } = state;
  state.wakeWriter = undefined;
  wakeWriter?.();
}
