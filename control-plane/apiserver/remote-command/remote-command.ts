/** One command between a client's WebSocket and a board's stream. */
import type { RawData, WebSocket } from 'ws';
import type { Status } from '../../../api/meta.ts';
import type { Clock, Timer } from '../../../machinery/clock.ts';
import { channels, type BoardStream } from '../../../machinery/stream.ts';
import type { ExecOptions } from '../board-streams.ts';
import { decodeChannelMessage, encodeChannelMessage, errorChannel, resizeChannel, type ChannelProtocol } from './channel-protocol.ts';
import { execStatus, failureStatus } from './exec-status.ts';

/** A client that answers no ping for two of these is gone. */
const pingIntervalMs = 30_000;

export interface RemoteCommandOptions {
  socket: WebSocket;
  protocol: ChannelProtocol;
  exec: ExecOptions;
  open: () => Promise<BoardStream>;
  clock: Pick<Clock, 'after'>;
}

/** Resolves when both sides are closed. */
export async function runRemoteCommand(options: RemoteCommandOptions): Promise<void> {
  const { socket, protocol, exec } = options;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // ws reports here what ends in a close as well.
  socket.on('error', () => socket.terminate());
  const stopPings = keepAlive(socket, options.clock);
  // What the client types before the board is there waits in its socket.
  socket.pause();
  try {
    // Tells the client that the connection stands.
    await send(socket, encodeChannelMessage(protocol, exec.stdout ? channels.stdout : exec.stderr ? channels.stderr : errorChannel, Buffer.alloc(0)));
    const stream = await options.open();
    try {
      receive(options, stream);
      stream.onData((channel, data) => send(socket, encodeChannelMessage(protocol, channel, data)));
      const result = await Promise.race([stream.closed, closed]);
      if (result) await sendStatus(options, execStatus(result));
    } finally {
      stream.close({});
    }
  } catch (error) {
    await sendStatus(options, failureStatus(error));
  }
  socket.resume();
  socket.close(1000);
  await closed;
  stopPings();
}

function receive({ socket, protocol, exec }: RemoteCommandOptions, stream: BoardStream): void {
  let writing = Promise.resolve();
  let waiting = 0;
  socket.on('message', (raw: RawData) => {
    const message = decodeChannelMessage(protocol, raw as Buffer);
    if (!message) return;
    if (message.channel === channels.stdin && exec.stdin) {
      waiting += 1;
      socket.pause();
      const step = message.kind === 'close' ? () => stream.end(channels.stdin) : () => stream.write(channels.stdin, message.data);
      // A write fails only once the stream is closed, and that is reported by stream.closed.
      writing = writing.then(step).catch(() => {}).finally(() => {
        waiting -= 1;
        if (waiting === 0) socket.resume();
      });
    } else if (message.channel === resizeChannel && message.kind === 'data') {
      const size = parseSize(message.data);
      if (size) stream.resize(size.width, size.height);
    }
  });
  socket.resume();
}

function parseSize(data: Buffer): { width: number; height: number } | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(data.toString('utf8')) as { Width?: unknown; Height?: unknown };
    return typeof width === 'number' && typeof height === 'number' ? { width, height } : undefined;
  } catch {
    return undefined; // A size that nobody can read changes nothing.
  }
}

async function sendStatus({ socket, protocol }: RemoteCommandOptions, status: Status): Promise<void> {
  if (protocol.statusOnErrorChannel) await send(socket, encodeChannelMessage(protocol, errorChannel, Buffer.from(JSON.stringify(status))));
  else if (status.status !== 'Success') await send(socket, encodeChannelMessage(protocol, errorChannel, Buffer.from(status.message ?? '')));
}

/** Resolves when the message is on its way, or the socket is closed: then nobody waits for it. */
function send(socket: WebSocket, message: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(message, () => resolve());
  });
}

function keepAlive(socket: WebSocket, clock: Pick<Clock, 'after'>): () => void {
  let alive = true;
  let timer: Timer | undefined;
  socket.on('pong', () => { alive = true; });
  const next = (): void => {
    timer = clock.after(pingIntervalMs, () => {
      if (!alive) {
        socket.terminate();
        return;
      }
      alive = false;
      socket.ping();
      next();
    });
  };
  next();
  return () => timer?.cancel();
}
