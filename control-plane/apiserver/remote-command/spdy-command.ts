/** A command's client on SPDY: one stream each for its input, outputs, sizes and result, told apart by their `streamType`. */
import type { Duplex } from 'node:stream';
import type { Status } from '../../../api/meta.ts';
import type { Clock } from '../../../machinery/clock.ts';
import { channels, type BoardStream } from '../../../machinery/stream.ts';
import { SpdySession } from '../spdy/spdy-session.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { joinCommand, parseTerminalSize, type CommandClient, type CommandInput, type OutputChannel } from './command-client.ts';
import type { CommandStreams } from './command-request.ts';

/** Best first. From v3 on there are sizes, from v4 on the result is a Status. */
export const commandProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];

/** How long a client may take to begin its streams, as with a kubelet. */
const creationTimeoutMs = 30_000;
/** Bytes of one size. */
const maxSizeBytes = 1024;

const streamTypes = ['error', 'stdin', 'stdout', 'stderr', 'resize'] as const;
type StreamType = (typeof streamTypes)[number];
type CommandSpdyStreams = Partial<Record<StreamType, SpdyStream>>;

export interface SpdyCommandOptions {
  /** The connection, past its upgrade. */
  transport: Duplex;
  /** One of commandProtocols. */
  protocol: string;
  streams: CommandStreams;
  stream: BoardStream;
  clock: Pick<Clock, 'after'>;
}

/** Resolves when both sides are closed. */
export async function runSpdyCommand(options: SpdyCommandOptions): Promise<void> {
  const { transport, protocol, stream, clock } = options;
  const expected = expectedStreams(options);
  const streams: CommandSpdyStreams = {};
  let complete: () => void = () => {};
  const begun = new Promise<true>((resolve) => { complete = () => resolve(true); });
  const session = new SpdySession({
    transport, clock,
    onStream: (created) => {
      const type = streamTypes.find((name) => name === created.headers.get('streamtype'));
      if (type === undefined || streams[type]) throw new Error('unexpected stream type');
      streams[type] = created;
      if (expected.every((name) => streams[name])) complete();
    },
  });
  const timer = clock.after(creationTimeoutMs, () => session.destroy());
  const ready = await Promise.race([begun, session.closed.then(() => false), stream.closed.then(() => begun)]);
  timer.cancel();
  if (ready) await joinCommand(new SpdyCommandClient(session, streams, protocol), stream, options.streams);
  else stream.close({});
  await session.closed;
}

function expectedStreams({ streams, protocol }: Pick<SpdyCommandOptions, 'streams' | 'protocol'>): StreamType[] {
  const hasSizes = commandProtocols.indexOf(protocol) <= commandProtocols.indexOf('v3.channel.k8s.io');
  const wanted = { error: true, stdin: streams.stdin, stdout: streams.stdout, stderr: streams.stderr, resize: streams.tty && hasSizes };
  return streamTypes.filter((type) => wanted[type]);
}

class SpdyCommandClient implements CommandClient {
  readonly closed: Promise<unknown>;
  private readonly session: SpdySession;
  private readonly streams: CommandSpdyStreams;
  private readonly statusAsObject: boolean;

  constructor(session: SpdySession, streams: CommandSpdyStreams, protocol: string) {
    this.session = session;
    this.streams = streams;
    this.closed = session.closed;
    this.statusAsObject = commandProtocols.indexOf(protocol) <= commandProtocols.indexOf('v4.channel.k8s.io');
  }

  receive(input: CommandInput): void {
    const { stdin, resize } = this.streams;
    if (stdin) void readAll(stdin, (data) => input.stdin(data)).then(() => input.endStdin());
    if (resize) void readSizes(resize, input);
  }

  write(channel: OutputChannel, data: Uint8Array): Promise<void> {
    return write(channel === channels.stdout ? this.streams.stdout : this.streams.stderr, data);
  }

  /** Every stream gets an end, so that the client reads it whole before it closes the connection. */
  async finish(status: Status): Promise<void> {
    const { stdout, stderr, error } = this.streams;
    if (this.statusAsObject) await write(error, Buffer.from(JSON.stringify(status)));
    else if (status.status !== 'Success') await write(error, Buffer.from(status.message ?? ''));
    await Promise.all([stdout, stderr, error].map((stream) => end(stream)));
    await this.session.end();
  }
}

/** Until the end, or until the client resets the stream. */
async function readAll(stream: SpdyStream, take: (data: Buffer) => Promise<void> | void): Promise<void> {
  try {
    for await (const data of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) await take(data);
  } catch {
    // Reset: for a command that is an end as any other.
  }
}

/** JSON objects one after the other, however they are cut. */
async function readSizes(stream: SpdyStream, input: CommandInput): Promise<void> {
  let text = '';
  await readAll(stream, (data) => {
    text += data.toString('utf8');
    for (let close = text.indexOf('}'); close >= 0; close = text.indexOf('}')) {
      const size = parseTerminalSize(text.slice(0, close + 1));
      text = text.slice(close + 1);
      if (size) input.resize(size.width, size.height);
    }
    if (text.length > maxSizeBytes) text = '';
  });
}

/** Resolves when there is room for more; what a client does not listen to any more is dropped. */
function write(stream: SpdyStream | undefined, data: Uint8Array): Promise<void> {
  if (!stream || stream.destroyed || stream.writableEnded) return Promise.resolve();
  return new Promise((resolve) => { stream.write(data, () => resolve()); });
}

function end(stream: SpdyStream | undefined): Promise<void> {
  if (!stream || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.end(resolve);
  });
}
