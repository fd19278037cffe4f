/** A command's client on a WebSocket. */
import type { RawData, WebSocket } from 'ws';
import type { Status } from '../../../api/meta.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { channels, type BoardStream } from '../../../machinery/stream.ts';
import { decodeChannelMessage, encodeChannelMessage, errorChannel, resizeChannel, type ChannelMessage, type ChannelProtocol } from './channel-protocol.ts';
import { joinCommand, parseTerminalSize, type CommandClient, type CommandInput, type OutputChannel } from './command-client.ts';
import type { CommandStreams } from './command-request.ts';
import { failureStatus } from './exec-status.ts';
import { sendMessage, startPings } from './web-socket.ts';

export interface WebSocketCommandOptions {
  socket: WebSocket;
  protocol: ChannelProtocol;
  streams: CommandStreams;
  open: () => Promise<BoardStream>;
  clock: Pick<Clock, 'after'>;
}

/** Resolves when both sides are closed. */
export async function runWebSocketCommand({ socket, protocol, streams, open, clock }: WebSocketCommandOptions): Promise<void> {
  const client = new WebSocketCommandClient(socket, protocol);
  const stopPings = startPings(socket, clock);
  // What the client types before the board is there waits in its socket.
  socket.pause();
  try {
    // Tells the client that the connection stands.
    await sendMessage(socket, encodeChannelMessage(protocol, streams.stdout ? channels.stdout : streams.stderr ? channels.stderr : errorChannel, Buffer.alloc(0)));
    await joinCommand(client, await open(), streams);
  } catch (error) {
    await client.finish(failureStatus(error));
  }
  socket.resume();
  socket.close(1000);
  await client.closed;
  stopPings();
}

class WebSocketCommandClient implements CommandClient {
  readonly closed: Promise<void>;
  private readonly socket: WebSocket;
  private readonly protocol: ChannelProtocol;

  constructor(socket: WebSocket, protocol: ChannelProtocol) {
    this.socket = socket;
    this.protocol = protocol;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  receive(input: CommandInput): void {
    const { socket, protocol } = this;
    let writing = Promise.resolve();
    let waiting = 0;
    socket.on('message', (raw: RawData) => {
      const message = decodeChannelMessage(protocol, raw as Buffer);
      if (message?.channel === resizeChannel && message.kind === 'data') {
        const size = parseTerminalSize(message.data.toString('utf8'));
        if (size) input.resize(size.width, size.height);
      }
      if (message?.channel !== channels.stdin) return;
      waiting += 1;
      socket.pause();
      writing = writing.then(() => takeStdin(input, message)).finally(() => {
        waiting -= 1;
        if (waiting === 0) socket.resume();
      });
    });
    socket.resume();
  }

  write(channel: OutputChannel, data: Uint8Array): Promise<void> {
    return sendMessage(this.socket, encodeChannelMessage(this.protocol, channel, data));
  }

  async finish(status: Status): Promise<void> {
    const { protocol } = this;
    if (!protocol.statusOnErrorChannel && status.status === 'Success') return;
    const text = protocol.statusOnErrorChannel ? JSON.stringify(status) : status.message ?? '';
    await sendMessage(this.socket, encodeChannelMessage(protocol, errorChannel, Buffer.from(text)));
  }
}

function takeStdin(input: CommandInput, message: ChannelMessage): Promise<void> | void {
  return message.kind === 'close' ? input.endStdin() : input.stdin(message.data);
}
