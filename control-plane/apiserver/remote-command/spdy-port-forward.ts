/**
 * Forwarded ports on SPDY: each connection is a pair of streams, `data` and `error`, with the same `requestID` and `port`.
 * Source: k8s.io/kubelet/pkg/cri/streaming/portforward.
 */
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../../machinery/clock.ts';
import type { BoardStream } from '../../../machinery/stream.ts';
import { connectionChannels, StreamDuplex } from '../../../machinery/stream-duplex.ts';
import { SpdySession } from '../spdy/spdy-session.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { joinDuplexes } from './join-duplexes.ts';

export const portForwardProtocol = 'portforward.k8s.io';

/** How long the second stream of a pair may take. */
const creationTimeoutMs = 30_000;

export interface PortForwardOptions {
  clock: Pick<Clock, 'after'>;
  /** @throws with the sentence for the client. */
  openPort: (port: number) => Promise<BoardStream>;
}

interface Pair {
  port: number;
  data?: SpdyStream;
  error?: SpdyStream;
  timer: Timer;
}

/** Resolves when the connection is gone. */
export async function runSpdyPortForward(transport: Duplex, options: PortForwardOptions): Promise<void> {
  const pairs = new Map<string, Pair>();
  const session = new SpdySession({
    transport, clock: options.clock,
    onStream: (stream) => {
      const pair = addToPair(pairs, stream, options.clock);
      if (pair) void forward(pair.port, pair.data, pair.error, options);
    },
  });
  await session.closed;
  for (const { timer } of pairs.values()) timer.cancel();
}

/**
 * @returns the pair when it is complete.
 * @throws for a stream that is none of a forwarded port: it is reset.
 */
function addToPair(pairs: Map<string, Pair>, stream: SpdyStream, clock: Pick<Clock, 'after'>): Required<Pair> | undefined {
  const port = portOf(stream.headers.get('port'));
  const type = stream.headers.get('streamtype');
  if (type !== 'data' && type !== 'error') throw new Error(type ? `invalid stream type "${type}"` : '"streamType" header is required');
  // Clients of old give no id; their data stream is the one after the error stream.
  const id = stream.headers.get('requestid') || String(type === 'error' ? stream.id : stream.id - 2);
  let pair = pairs.get(id);
  if (!pair) {
    pair = { port, timer: clock.after(creationTimeoutMs, () => giveUp(pairs, id)) };
    pairs.set(id, pair);
  }
  if (pair[type]) throw new Error(`${type} stream already assigned`);
  pair[type] = stream;
  const { data, error, timer } = pair;
  if (!data || !error) return undefined;
  timer.cancel();
  pairs.delete(id);
  return { port, data, error, timer };
}

/** @throws in the kubelet's words. */
export function portOf(text: string | undefined): number {
  if (!text) throw new Error('"port" header is required');
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`unable to parse ${JSON.stringify(text)} as a port`);
  if (port < 1) throw new Error(`port ${JSON.stringify(text)} must be > 0`);
  return port;
}

function giveUp(pairs: Map<string, Pair>, id: string): void {
  const pair = pairs.get(id);
  pairs.delete(id);
  pair?.error?.end(`request ${id} timed out waiting for streams`);
  pair?.data?.destroy();
}

async function forward(port: number, data: SpdyStream, error: SpdyStream, { openPort }: PortForwardOptions): Promise<void> {
  error.resume();
  try {
    await joinDuplexes(data, new StreamDuplex(await openPort(port), connectionChannels.client));
    data.end();
    error.end();
  } catch (failure) {
    error.end((failure as Error).message);
    data.resume();
    data.end();
  }
}
