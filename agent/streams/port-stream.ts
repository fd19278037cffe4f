/** TCP connections of the control plane's clients: to a pod, or to the board itself. */
import { connect, type Socket } from 'node:net';
import type { BoardStream } from '../../machinery/stream.ts';
import { connectionChannels, StreamDuplex } from '../../machinery/stream-duplex.ts';
import { StreamOpenError } from './stream-error.ts';

const connectTimeoutMs = 10_000;
/** Without a byte either way; as a kubelet's streamingConnectionIdleTimeout. */
const idleTimeoutMs = 4 * 60 * 60 * 1000;

/** @throws StreamOpenError 500 in the words of Go's net. */
export function dial(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, allowHalfOpen: true, timeout: connectTimeoutMs });
    const fail = (error: NodeJS.ErrnoException): void => {
      socket.destroy();
      reject(dialError('tcp', address, port, error));
    };
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error('i/o timeout')));
    socket.once('connect', () => {
      socket.removeAllListeners();
      resolve(socket);
    });
  });
}

/** What Go's net says of a connection that there is not. */
export function dialError(network: 'tcp' | 'tcp4', address: string, port: number, error: NodeJS.ErrnoException): StreamOpenError {
  const why = reasons[error.code ?? ''] ?? error.message;
  return new StreamOpenError(500, `dial ${network} ${address.includes(':') ? `[${address}]` : address}:${port}: ${why}`, { cause: error });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused', EHOSTUNREACH: 'connect: no route to host', ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out', ECONNRESET: 'connect: connection reset by peer',
};

/** Joins a connection to its stream, with half-close both ways. Resolves when it has ended. */
export async function pumpPort(socket: Socket, stream: BoardStream): Promise<void> {
  const duplex = new StreamDuplex(stream, connectionChannels.server);
  let failure: Error | undefined;
  socket.setNoDelay(true);
  socket.setTimeout(idleTimeoutMs, () => socket.destroy());
  duplex.on('error', () => socket.destroy());
  socket.on('error', (error) => { failure = error; });
  socket.pipe(duplex);
  duplex.pipe(socket);
  duplex.once('close', () => socket.destroy());
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // What the far end sent is given on before the stream closes; what it cannot take any more is nobody's.
  if (failure) duplex.destroy(failure);
  else if (!duplex.writableFinished && !duplex.destroyed) await new Promise<void>((resolve) => duplex.once('finish', resolve).once('close', resolve));
  duplex.destroy();
}
